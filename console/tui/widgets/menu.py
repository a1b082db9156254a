"""A menu: a few things, one a row with a word about it, of which one is chosen with Enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message

from console.tui.rows import Role, Row, Span, fit, row, rule, text_fit
from console.tui.widgets.canvas import Canvas

LABEL_WIDTH = 22


class Item(NamedTuple):
    """One thing; `mark` tells how it stands (a glyph and its role)."""

    name: str
    label: str
    text: str
    ready: bool = True
    """Whether it can be chosen now; `text` says why not."""
    mark: tuple[str, Role] = (" ", "text")


class Menu(Canvas, can_focus=True):
    """Draws the items; posts `Chosen`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    class Chosen(Message):
        """Enter was pressed on an item that can be chosen."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, title: str, items: Sequence[Item], *, id: str) -> None:
        super().__init__(id=id)
        self.heading = title
        self.items = tuple(items)
        self.place = 0

    def show(self, items: Sequence[Item], title: str = "") -> None:
        """Other items; the cursor stays on the one of the same name."""
        name = self.items[self.place].name if self.items else ""
        self.items = tuple(items)
        self.heading = title or self.heading
        names = [item.name for item in self.items]
        self.place = names.index(name) if name in names else 0
        self.redraw()

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """A rule with the title, and the items."""
        return [rule(self.heading, width, focus=True), *self._lines(width)], False

    def _lines(self, width: int) -> list[Row]:
        rows = []
        for place, item in enumerate(self.items):
            here = place == self.place
            spans = row(
                ("▸ " if here else "  ", "accent"),
                item.mark,
                (" " + text_fit(item.label, LABEL_WIDTH) + " ", "strong" if item.ready else "dim"),
                (item.text, "text" if item.ready else "dim"),
            )
            line = fit(spans, width)
            rows.append(tuple(Span(span.text, "cursor") for span in line) if here else line)
        return rows

    def action_move(self, by: int) -> None:
        """Another item."""
        self.place = min(max(self.place + by, 0), len(self.items) - 1)
        self.redraw()

    def action_choose(self) -> None:
        """Say which was chosen."""
        item = self.items[self.place]
        if item.ready:
            self.post_message(self.Chosen(item.name))
