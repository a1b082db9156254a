"""Events: the node's log, newest first, and the whole of the chosen line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.state import Note
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens.room import Plan, RoomScreen
from console.tui.store import View
from console.tui.views import verdicts
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel, Style

WHOLE_ROWS = 4


class Events(RoomScreen):
    """What happened, newest first, and the whole of the chosen one."""

    room: ClassVar[str] = "events"
    AUTO_FOCUS = "#list"
    BINDINGS = bindings("events")

    def panels(self) -> ComposeResult:
        """The log."""
        yield Listing(
            "list", self._list, frozenset(("notes",)), lambda state: state.notes, id,
            help_text="What happened on this node, newest first: · news, ✓ good, ! needs a look, ✗ an error.",
        )  # fmt: skip
        yield Panel("whole", self._whole, frozenset(("notes",)))

    def _whole(self, view: View, frame: Frame) -> list[Row]:
        listed = self.query_one("#list", Listing)
        chosen = listed.items[listed.cursor] if listed.cursor >= 0 else None
        return verdicts.whole_note(chosen, frame, self.quarterdeck.zone_s)

    def on_listing_moved(self) -> None:
        """Show the whole text of what is chosen now."""
        self.query_one("#whole", Panel).redraw()

    def _list(self, listed: Sequence[Note], view: View, frame: Frame) -> list[Row]:
        return verdicts.notes(listed, view, frame, self.quarterdeck.zone_s, f"Events {len(listed):,}")

    def plan(self, size: Size) -> Plan:
        """The log fills the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        whole = WHOLE_ROWS if high >= 2 * WHOLE_ROWS else 0
        placed["list"] = (Region(0, top, size.width, high - whole), Style())
        if whole:
            placed["whole"] = (Region(0, top + high - whole, size.width, whole), Style())
        return placed
