"""Canvas: a widget that shows rows of spans and repaints only the cells that differ from before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.rows import BLANK, Role, Row, fit, to_ascii, width_of
from console.tui.themes import Look


class Painter(Protocol):
    """What a canvas needs of the app that it is on."""

    look: Look
    ascii_only: bool


class Canvas(Widget):
    """Rows in, cells out. Subclasses give `draw`, which is called for the size that the canvas has."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Row] | None = None
        self._faded = False
        self._strips: dict[int, Strip] = {}
        self._drawn_for = (0, 0)

    ground: Role = "text"
    """Fills what the rows leave free."""

    @property
    def painter(self) -> Painter:
        """The app, seen as what canvases need of it."""
        return cast("Painter", self.app)

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The rows for this size, and whether they are old and drawn faded."""
        return (), False

    def redraw(self) -> None:
        """Draw again, and have the cells repainted that changed."""
        if not self.size or self._rows is None:
            return
        before, was_faded = self._rows, self._faded
        self._build()
        if was_faded != self._faded or len(before) != len(self._rows):
            self.repaint()
            return
        for y, (old, new) in enumerate(zip(before, self._rows, strict=True)):
            if old != new:
                self._strips.pop(y, None)
                self.refresh(_difference(old, new, y, self.size.width))

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Show whether the keyboard is here. The events Focus and Blur come before this is known."""
        super().watch_has_focus(_has_focus)
        self.redraw()

    def repaint(self) -> None:
        """Paint everything anew, e.g. in another theme."""
        self._strips.clear()
        self._drawn_for = (0, 0)
        self.refresh()

    def _build(self) -> None:
        width, height = self.size
        rows, self._faded = self.draw(width, height)
        ready: list[Row] = []
        for index in range(height):
            spans = rows[index] if index < len(rows) else BLANK
            spans = fit(spans, width, self.ground)
            ready.append(to_ascii(spans) if self.painter.ascii_only else spans)
        self._rows = ready
        self._drawn_for = (width, height)

    def render_line(self, y: int) -> Strip:
        """One row as Textual wants it."""
        if self._rows is None or self._drawn_for != (self.size.width, self.size.height):
            self._strips.clear()
            self._build()
        strip = self._strips.get(y)
        if strip is None:
            rows = self._rows or []
            spans = rows[y] if y < len(rows) else BLANK
            style = self.painter.look.style
            segments = [Segment(text, style(role, self._faded)) for text, role in spans]
            strip = self._strips[y] = Strip(segments, self.size.width).simplify()
        return strip


def _difference(old: Row, new: Row, y: int, width: int) -> Region:
    """The smallest region of row `y` that holds all that differs; whole spans, since they are written so."""
    start = 0
    for start_old, start_new in zip(old, new, strict=False):
        if start_old != start_new:
            break
        start += 1
    left = width_of(new[:start])
    end = 0
    limit = min(len(old), len(new)) - start
    while end < limit and old[-1 - end] == new[-1 - end]:
        end += 1
    right = width - width_of(new[len(new) - end :]) if end else width
    return Region(left, y, max(1, right - left), 1)
