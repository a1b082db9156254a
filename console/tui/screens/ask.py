"""A dialog that asks for a line of text, and says at once what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.tui.rows import Row, box, clean, row, text_fit, wrap
from console.tui.widgets.canvas import Canvas

TEXT_LIMIT = 200


class TypedLine(Canvas, can_focus=True):
    """The question, the line that is typed, and what is wrong with it."""

    def __init__(self, title: str, text: str, initial: str, check: Callable[[str], str]) -> None:
        super().__init__(id="typed")
        self.heading, self.text = title, text
        self.typed = clean(initial)[:TEXT_LIMIT]
        self._check = check
        self.wrong = ""

    def lines(self, width: int) -> list[Row]:
        """All that stands inside the box."""
        room = max(8, width - 8)
        inside: list[Row] = [row(), *(row(f"  {line}") for line in wrap(self.text, width - 6, 6)), row()]
        shown = self.typed if len(self.typed) < room else "…" + self.typed[-(room - 2) :]
        inside.append(row("  ", (text_fit(f" {shown}█", room), "cursor")))
        words = self.wrong or "Enter takes it, Escape leaves all as it is."
        inside += [row((f"  {line}", "bad" if self.wrong else "dim")) for line in wrap(words, width - 6, 2)]
        return inside

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The box."""
        return box(self.heading, self.lines(width), width, height, focus=True), False

    def on_key(self, event: events.Key) -> None:
        """Type and delete; Enter and Escape are the dialog's."""
        if event.key == "backspace":
            self.change(self.typed[:-1])
        elif event.key == "ctrl+u":
            self.change("")
        elif event.is_printable and event.character:
            self.change(self.typed + event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is typed text."""
        self.change(self.typed + event.text)
        event.stop()

    def change(self, text: str) -> None:
        """Set what is typed."""
        self.typed = clean(text)[:TEXT_LIMIT]
        self.wrong = ""
        self.redraw()

    def accept(self) -> bool:
        """Whether what is typed can be taken; says why not."""
        self.wrong = self._check(self.typed)
        self.redraw()
        return not self.wrong


class Ask(ModalScreen[str | None]):
    """Asks for a line; the result is what was typed, or None when it was left. `check` gives what is wrong
    with a text, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer", "Take it", show=False, priority=True),
        Binding("escape", "leave", "Cancel", show=False),
    ]

    def __init__(
        self, title: str, text: str, initial: str = "", check: Callable[[str], str] | None = None
    ) -> None:
        super().__init__()
        self.line = TypedLine(title, text, initial, check or (lambda typed: ""))

    def compose(self) -> ComposeResult:
        """The box in the middle."""
        yield self.line

    def on_mount(self) -> None:
        """As large as its text needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the box's size."""
        width = min(72, self.size.width)
        self.line.styles.width = width
        self.line.styles.height = min(self.size.height, len(self.line.lines(width)) + 3)

    def action_answer(self) -> None:
        """Take it, if it can be taken."""
        if self.line.accept():
            self.dismiss(self.line.typed)

    def action_leave(self) -> None:
        """Leave all as it is."""
        self.dismiss(None)


class TypedWord(Ask):
    """Asks for a word before something that cannot be undone: only that word agrees."""

    def __init__(self, title: str, text: str, word: str) -> None:
        def check(typed: str) -> str:
            return "" if typed.strip() == word else f"Type {word} to go on, or press Escape."

        super().__init__(title, f"{text} Type {word} to go on.", "", check)
