"""A dialog with several answers, one of them chosen by keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from console.tui.rows import Row, box, row, text_fit, wrap
from console.tui.widgets.canvas import Canvas

T = TypeVar("T")
CANCEL = "Cancel"
WIDEST = 64


class Answers(Canvas, can_focus=True):
    """The question and its answers below one another, `Cancel` the last."""

    class Taken(Message):
        """An answer was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, title: str, text: str, labels: Sequence[str], chosen: int) -> None:
        super().__init__(id="answers")
        self.heading, self.text = title, text
        self.labels = (*labels, CANCEL)
        self.chosen = chosen

    def lines(self, width: int) -> list[Row]:
        """All that stands inside the box."""
        inside: list[Row] = [row(), *(row(f"  {line}") for line in wrap(self.text, width - 6, 6)), row()]
        for index, label in enumerate(self.labels):
            here = index == self.chosen
            number = f"{index + 1}" if index < len(self.labels) - 1 else " "
            words = f"{'▸' if here else ' '} {number}  {label}"
            inside.append(row("  ", (text_fit(words, width - 6), "cursor" if here else "text")))
        return inside

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The box. Where all does not fit, the words give way: the answers must be seen."""
        inside = self.lines(width)[-max(1, height - 2) :]
        return box(self.heading, inside, width, height, focus=True), False

    def on_click(self, event: events.Click) -> None:
        """A click on an answer takes it."""
        shown = min(len(self.lines(self.size.width)), max(1, self.size.height - 2))
        index = event.y - 1 - shown + len(self.labels)
        if 0 <= index < len(self.labels):
            self.post_message(self.Taken(index))

    def choose(self, index: int) -> None:
        """Put the mark on an answer."""
        self.chosen = index % len(self.labels)
        self.redraw()


class Choose(ModalScreen[T | None], Generic[T]):
    """Asks which one. The result is the value of the answer, or None when it was left.

    `first`: the first answer is chosen at the beginning, since it does no harm; else `Cancel` is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,left,h,shift+tab", "move(-1)", "Up", show=False),
        Binding("down,j,right,l,tab", "move(1)", "Down", show=False),
        Binding("home", "to(0)", "First", show=False),
        Binding("end", "to(-1)", "Last", show=False),
        Binding("enter,space", "answer", "Take it", show=False),
        Binding("escape,n,q", "leave", "Cancel", show=False),
    ]

    def __init__(
        self, title: str, text: str, choices: Sequence[tuple[str, T]], *, first: bool = True
    ) -> None:
        super().__init__()
        self._values: list[T | None] = [*(value for _, value in choices), None]
        chosen = 0 if first else len(choices)
        self.answers = Answers(title, text, [label for label, _ in choices], chosen)

    def compose(self) -> ComposeResult:
        """The question in the middle."""
        yield self.answers

    def on_mount(self) -> None:
        """As large as its text needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the box's size."""
        width = min(WIDEST, self.size.width)
        self.answers.styles.width = width
        self.answers.styles.height = min(self.size.height, len(self.answers.lines(width)) + 3)

    def on_key(self, event: events.Key) -> None:
        """A digit is the answer with that number."""
        if event.key.isdecimal() and 0 < int(event.key) < len(self._values):
            event.stop()
            self.dismiss(self._values[int(event.key) - 1])

    def on_answers_taken(self, message: Answers.Taken) -> None:
        """An answer was clicked."""
        self.dismiss(self._values[message.index])

    def action_move(self, by: int) -> None:
        """Choose another answer."""
        self.answers.choose(self.answers.chosen + by)

    def action_to(self, index: int) -> None:
        """Choose the first or the last one."""
        self.answers.choose(index)

    def action_answer(self) -> None:
        """Take the chosen answer."""
        self.dismiss(self._values[self.answers.chosen])

    def action_leave(self) -> None:
        """Cancel."""
        self.dismiss(None)
