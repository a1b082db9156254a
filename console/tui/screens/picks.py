"""A dialog that offers a few answers, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.tui.rows import Row, box, row, text_fit, wrap
from console.tui.widgets.canvas import Canvas


class Offers(Canvas, can_focus=True):
    """The question and its answers, the first one chosen at first."""

    def __init__(self, title: str, text: str, offers: Sequence[str]) -> None:
        super().__init__(id="offers")
        self.heading, self.text, self.offers = title, text, offers
        self.place = 0

    def lines(self, width: int) -> list[Row]:
        """All that stands inside the box."""
        inside: list[Row] = [row(), *(row(f"  {line}") for line in wrap(self.text, width - 6, 4)), row()]
        for place, offer in enumerate(self.offers):
            chosen = place == self.place
            text = text_fit(f"{'▸' if chosen else ' '} {offer}", width - 6)
            inside.append(row("  ", (text, "cursor" if chosen else "text")))
        return [*inside, row(), row(("  Enter takes it, Escape leaves.", "dim"))]

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The box."""
        return box(self.heading, self.lines(width), width, height, focus=True), False

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one takes."""
        place = event.y - 1 - (len(self.lines(self.size.width)) - len(self.offers) - 2)
        if 0 <= place < len(self.offers):
            self.place = place
            self.redraw()
            if event.chain == 2:
                self.screen.dismiss(place)


class Pick(ModalScreen[int | None]):
    """Offers answers; the result is the place of the one that was taken, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("enter", "take", "Take it", show=False),
        Binding("escape,q", "leave", "Cancel", show=False),
    ]

    def __init__(self, title: str, text: str, offers: Sequence[str]) -> None:
        super().__init__()
        self.offers = Offers(title, text, offers)

    def compose(self) -> ComposeResult:
        """The box in the middle."""
        yield self.offers

    def on_mount(self) -> None:
        """As large as its text needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the box's size."""
        width = min(64, self.size.width)
        self.offers.styles.width = width
        self.offers.styles.height = min(self.size.height, len(self.offers.lines(width)) + 2)

    def action_move(self, by: int) -> None:
        """Choose another answer."""
        self.offers.place = min(max(0, self.offers.place + by), len(self.offers.offers) - 1)
        self.offers.redraw()

    def action_take(self) -> None:
        """Take the chosen answer."""
        self.dismiss(self.offers.place)

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)
