"""Help for what has the keyboard, and the dialog that asks before something is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.tui.commands import key_word, on_screen
from console.tui.rows import Row, box, row, text_fit, wrap
from console.tui.widgets.canvas import Canvas
from console.tui.widgets.page import Page

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp

LIST_KEYS = (
    ("↑ ↓", "move; Page up, Page down, Home and End too"),
    ("enter", "open what is chosen"),
    ("tab", "go to the next panel"),
)


class HelpScreen(ModalScreen[None]):
    """What the focused panel shows, and every key that works here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Close", show=False)
    ]

    def __init__(self, room: str, title: str, text: str) -> None:
        super().__init__()
        self.room = room
        self.heading = title
        self.text = text

    def compose(self) -> ComposeResult:
        """One page in the middle."""
        yield Page(self._page_rows, id="help")

    def on_mount(self) -> None:
        """As large as its text needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the page's size."""
        page = self.query_one(Page)
        width = min(76, self.size.width)
        page.styles.width = width
        page.styles.height = min(len(self._page_rows(width)), self.size.height)

    def _page_rows(self, width: int) -> list[Row]:
        app = cast("QuarterdeckApp", self.app)
        inside: list[Row] = [row()]
        inside += [row(f"  {line}") for line in wrap(self.text, width - 6, 8)]
        inside += [row()] if self.text else []
        keys = [(key_word(command, app.keys), command.words(app)[1]) for command in on_screen(self.room)]
        for key, text in (*keys, *((k, v.capitalize() + ".") for k, v in LIST_KEYS)):
            lines = wrap(text, width - 14, 3)
            inside.append(row((f"  {text_fit(key, 7)} ", "key"), lines[0]))
            inside += [row(" " * 10 + line) for line in lines[1:]]
        more = "↓ for more, " if len(inside) + 2 > self.size.height else ""
        return box(f"{self.heading} · {more}esc closes", inside, width, len(inside) + 2, focus=True)


class Question(Canvas, can_focus=True):
    """A question with two answers, the harmless one chosen at first."""

    def __init__(self, title: str, text: str, action: str) -> None:
        super().__init__(id="question")
        self.heading, self.text, self.action = title, text, action
        self.agreed = False

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The question and the two answers."""
        inside: list[Row] = [row(), *(row(f"  {line}") for line in wrap(self.text, width - 6, 6)), row()]
        cancel, do = ("▸ Cancel ", f"  {self.action} ")
        if self.agreed:
            cancel, do = ("  Cancel ", f"▸ {self.action} ")
        inside.append(
            row(
                "  ",
                (cancel, "dim" if self.agreed else "cursor"),
                "   ",
                (do, "cursor" if self.agreed else "dim"),
            )
        )
        # Where all does not fit, the words give way: the answers must be seen.
        return box(self.heading, inside[-max(1, height - 2) :], width, height, focus=True), False


class Confirm(ModalScreen[bool]):
    """Asks before something that cannot be taken back at once. Cancel has the keyboard."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right,tab,shift+tab,h,l", "other", "Other answer", show=False),
        Binding("enter", "answer", "Answer", show=False),
        Binding("escape,n,q", "refuse", "Cancel", show=False),
        Binding("y", "agree", "Yes", show=False),
    ]

    def __init__(self, title: str, text: str, action: str) -> None:
        super().__init__()
        self.question = Question(title, text, action)

    def compose(self) -> ComposeResult:
        """The question in the middle."""
        yield self.question

    def on_mount(self) -> None:
        """As large as its text needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the question's size."""
        width = min(64, self.size.width)
        self.question.styles.width = width
        self.question.styles.height = min(self.size.height, 5 + len(wrap(self.question.text, width - 6, 6)))

    def action_other(self) -> None:
        """Choose the other answer."""
        self.question.agreed = not self.question.agreed
        self.question.redraw()

    def action_answer(self) -> None:
        """Take the chosen answer."""
        self.dismiss(self.question.agreed)

    def action_refuse(self) -> None:
        """Cancel."""
        self.dismiss(False)

    def action_agree(self) -> None:
        """Do it."""
        self.dismiss(True)
