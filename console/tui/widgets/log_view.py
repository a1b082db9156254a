"""LogView: the events, newest first; it follows them until another than the newest is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from console.control.state import Note
from console.tui.filters import Filter, parse
from console.tui.rows import Row
from console.tui.store import Part, View
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing

Level = Literal["all", "warnings", "errors"]
_SHOWN: dict[Level, frozenset[str]] = {
    "all": frozenset(("info", "good", "warning", "error")),
    "warnings": frozenset(("warning", "error")),
    "errors": frozenset(("error",)),
}
BuildLog = Callable[[Sequence[Note], View, Frame], list[Row]]


def searched(note: Note) -> str:
    """The words of an event that a filter looks at, in lower case."""
    return f"{note.room} {note.level} {note.text}".lower()


class LogView(Listing):
    """What fits the level and the filter. Paused, it stands still and counts what came since.

    It holds no more than the state does: the events of the moment at which it was paused.
    """

    def __init__(self, name: str, build: BuildLog, parts: frozenset[Part], *, help_text: str = "") -> None:
        super().__init__(name, build, parts, lambda state: state.notes, id, help_text=help_text)
        self.level: Level = "all"
        self.filter = Filter()
        self.pending = 0
        """Events that fit and came since it was paused."""
        self._held: Sequence[Note] | None = None

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._held is not None

    def take(self, view: View, dirty: frozenset[Part]) -> None:
        """Follow, or count; nothing is drawn for events that are not listed."""
        first, self.view = self.view is None, view
        before = (self.items, self.pending)
        self._list_again()
        if first or (self.parts - {"notes"}) & dirty or before != (self.items, self.pending):
            self.redraw()

    def _list_again(self) -> None:
        notes = self.view.state.notes if self.view is not None else ()
        if self._held is None:
            self.pending = 0
            self.items = self._fitting(notes)
        else:
            self.pending = len(self._fitting(_newer(notes, self._held)))
            self.items = self._fitting(self._held)

    def _fitting(self, notes: Sequence[Note]) -> Sequence[Note]:
        levels = _SHOWN[self.level]
        if self.level == "all" and not any(self.filter):
            return notes
        return [note for note in notes if note.level in levels and self._fits(note)]

    def choose_at(self, place: int) -> None:
        """Choose; anything but the newest pauses, the newest follows again."""
        if not place:
            self._held = None
            self._list_again()
        elif self._held is None and self.view is not None:
            self._held = self.view.state.notes
        super().choose_at(place)

    def follow(self) -> None:
        """Back to the newest, and on with it."""
        self.choose_at(0)

    def _fits(self, note: Note) -> bool:
        return self.filter.holds(note.at_ms) and self.filter.fits(searched(note))

    def next_level(self) -> None:
        """All, warnings and errors, errors, and all again."""
        levels: tuple[Level, ...] = get_args(Level)
        self.level = levels[(levels.index(self.level) + 1) % len(levels)]
        self._refilter()

    def filter_by(self, text: str, zone_s: int = 0) -> None:
        """List only what fits; days are those of a calendar `zone_s` seconds ahead of UTC."""
        self.filter = parse(text, self.view.now_ms if self.view is not None else 0, zone_s)
        self._refilter()

    def _refilter(self) -> None:
        self._held, self.chosen = None, None
        self._list_again()
        self.redraw()
        self.post_message(self.Moved())


def _newer(notes: Sequence[Note], held: Sequence[Note]) -> Sequence[Note]:
    """Those of `notes` that came after the newest of `held`; all of them when that one is gone."""
    if not held:
        return notes
    for place, note in enumerate(notes):
        if note is held[0] or note == held[0]:
            return notes[:place]
    return notes
