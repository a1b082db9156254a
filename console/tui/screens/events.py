"""Events: the node's log, newest first, and the whole of the chosen line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Size

from console.control.state import Note
from console.tui.commands import BY_ID, bindings, key_word
from console.tui.rows import Row
from console.tui.screens.filtered import FilteredScreen
from console.tui.store import View
from console.tui.views import log, verdicts
from console.tui.views.frame import Frame
from console.tui.widgets.log_view import LogView
from console.tui.widgets.page import FilterLine
from console.tui.widgets.panel import Panel

WHOLE_ROWS = 4
EVENTS_HELP = (
    "What happened on this node, newest first: · news, ✓ good, ! needs a look, ✗ an error. The list follows "
    "what happens until you move down; then it stands still and counts what is new, and f follows again. "
    "v shows all events, or warnings and errors, or errors alone; / filters by words, e.g. engine or !jobs."
)


class Events(FilteredScreen):
    """What happened, newest first, and the whole of the chosen one."""

    room: ClassVar[str] = "events"
    BINDINGS = bindings("events")

    def panels(self) -> ComposeResult:
        """The log, and its chosen line."""
        yield LogView("list", self._list, frozenset(("notes",)), help_text=EVENTS_HELP)
        yield Panel("whole", self._whole, frozenset(("notes",)))
        yield FilterLine("an event's room, level or text")

    @property
    def events(self) -> LogView:
        """The events."""
        return self.query_one("#list", LogView)

    def _whole(self, view: View, frame: Frame) -> list[Row]:
        listed = self.events
        chosen = listed.items[listed.cursor] if listed.cursor >= 0 else None
        return verdicts.whole_note(chosen, frame, self.quarterdeck.zone_s, view.now_ms)

    def on_listing_moved(self) -> None:
        """Show the whole text of what is chosen now."""
        self.query_one("#whole", Panel).redraw()

    def _list(self, listed: Sequence[Note], view: View, frame: Frame) -> list[Row]:
        shown, total = self.events, len(view.state.notes)
        title = log.log_title(len(listed), total, shown.level) if view.known else "Events"
        follows = log.follow_word(
            shown.pending, shown.paused, key_word(BY_ID["follow"], self.quarterdeck.keys)
        )
        empty = "No event fits." if total else "Nothing has happened yet."
        return log.events(listed, view, frame, self.quarterdeck.zone_s, title, follows, empty)

    def below(self, size: Size, high: int) -> tuple[str, int]:
        """The whole of the chosen line, where there is room for it."""
        return "whole", WHOLE_ROWS if high >= 2 * WHOLE_ROWS else 0

    def filter_by(self, text: str) -> None:
        """List the events that fit."""
        self.events.filter_by(text, self.quarterdeck.zone_s)

    def do_level(self) -> None:
        """The next level."""
        self.events.next_level()

    def do_follow(self) -> None:
        """Follow again."""
        self.events.follow()
