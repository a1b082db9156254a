"""Copying: what there is to copy here, sent to the terminal's clipboard and shown to be selected."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.tui.clipboard import osc52
from console.tui.rows import Row, box, clean, row, text_fit
from console.tui.widgets.canvas import Canvas

NAME_WIDTH = 14


class Copyable(NamedTuple):
    """Something that an operator may want elsewhere: an id, a path, an address."""

    name: str
    text: str


class CopyList(Canvas, can_focus=True):
    """The things, one of them chosen; the chosen one stands alone on its own line, to be selected."""

    def __init__(self, things: Sequence[Copyable]) -> None:
        super().__init__(id="copy")
        self.things = tuple(things)
        self.place = 0
        self.sent = ""

    @property
    def chosen(self) -> Copyable:
        """The one under the cursor."""
        return self.things[self.place]

    def lines(self, width: int) -> list[Row]:
        """All that stands inside the box."""
        inside: list[Row] = [row()]
        for place, thing in enumerate(self.things):
            ink = "cursor" if place == self.place else "text"
            mark = " ▸ " if place == self.place else "   "
            inside.append(row((mark, "accent"), (text_fit(thing.name, NAME_WIDTH), "dim"), (thing.text, ink)))  # type: ignore[arg-type]
        words = "Enter sends it to the terminal's clipboard."
        if self.sent:
            words = f"{self.sent} was sent. If your terminal did not take it, select it:"
        inside += [row(), row((f"   {words}", "dim"))]
        text, room = clean(self.chosen.text), max(10, width - 4)
        inside += [row((" " + text[at : at + room], "strong")) for at in range(0, len(text), room)]
        return [*inside, row()]

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The box."""
        return box("Copy · esc closes", self.lines(width), width, height, focus=True), False


class CopyScreen(ModalScreen[None]):
    """Lets one of several things be copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("enter,y", "send", "Copy", show=False),
        Binding("escape,q", "dismiss", "Close", show=False),
    ]

    def __init__(self, things: Sequence[Copyable]) -> None:
        super().__init__()
        self.list = CopyList(things)

    def compose(self) -> ComposeResult:
        """The box in the middle."""
        yield self.list

    def on_mount(self) -> None:
        """As large as it needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the box's size."""
        width = min(90, self.size.width)
        tall = max(len(clean(thing.text)) // max(10, width - 4) for thing in self.list.things)
        self.list.styles.width = width
        self.list.styles.height = min(self.size.height, len(self.list.things) + tall + 7)

    def action_move(self, by: int) -> None:
        """Another thing."""
        self.list.place = min(max(self.list.place + by, 0), len(self.list.things) - 1)
        self.list.sent = ""
        self.list.redraw()

    def action_send(self) -> None:
        """Write it to the terminal; whether that took it cannot be known."""
        thing = self.list.chosen
        driver = self.app._driver
        if driver is not None:
            driver.write(osc52(thing.text, os.environ))
            driver.flush()
        self.list.sent = thing.name
        self.list.redraw()
