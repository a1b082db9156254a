"""Page: rows longer than the screen, scrolled by keys; and the line that a filter is typed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.tui.rows import Row, clean, row
from console.tui.widgets.canvas import Canvas

FILTER_LIMIT = 80


class Page(Canvas, can_focus=True):
    """Shows what `rows_for(width)` gives, from the line that was scrolled to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_by(-1)", "Up", show=False),
        Binding("down,j", "scroll_by(1)", "Down", show=False),
        Binding("pageup", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown,space", "scroll_page(1)", "Page down", show=False),
        Binding("home", "scroll_by(-1000000)", "Top", show=False),
        Binding("end", "scroll_by(1000000)", "End", show=False),
    ]

    help_text = "Arrow keys, Page up and Page down move; Escape goes back."

    def __init__(self, rows_for: Callable[[int], Sequence[Row]], *, id: str = "page") -> None:
        super().__init__(id=id)
        self._rows_for = rows_for
        self.top = 0
        self.length = 0

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The rows from `top` on."""
        rows = self._rows_for(width)
        self.length = len(rows)
        self.top = max(0, min(self.top, self.length - height))
        return rows[self.top : self.top + height], False

    def action_scroll_by(self, by: int) -> None:
        """Move by lines."""
        self.top = max(0, self.top + by)
        self.redraw()

    def action_scroll_page(self, by: int) -> None:
        """Move by screenfuls."""
        self.action_scroll_by(by * max(1, self.size.height - 2))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls."""
        self.action_scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls."""
        self.action_scroll_by(-3)


class FilterLine(Canvas, can_focus=True):
    """One line of typing. Every key of it is told at once; Enter keeps the filter, Escape drops it."""

    ground = "bar_text"

    class Changed(Message):
        """Something was typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Done(Message):
        """The typing is over."""

    def __init__(self, searched: str = "") -> None:
        """`searched`: what the words are looked for in, for help."""
        super().__init__(id="filter")
        self.text = ""
        self.help_text = (
            f"Type words that must stand in {searched}; a word after ! must be absent. "
            "today, yesterday or a day like 2026-11-25 lists that day alone. "
            "Enter keeps the filter, Escape drops it."
        )

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """What was typed, and where the next letter goes."""
        hint = (
            "  words, !word, yesterday · Enter keeps, Escape drops"
            if self.has_focus
            else "  / changes it, Escape drops it"
        )
        cursor = "█" if self.has_focus else ""
        return [
            row((" / ", "bar_key"), (self.text, "bar_strong"), (cursor, "bar_key"), (hint, "bar_dim"))
        ], False

    def on_key(self, event: events.Key) -> None:
        """Type, delete, finish."""
        if event.key == "escape":
            self.change("")
            self.post_message(self.Done())
        elif event.key in ("enter", "down", "tab"):
            self.post_message(self.Done())
        elif event.key == "backspace":
            self.change(self.text[:-1])
        elif event.key == "ctrl+u":
            self.change("")
        elif event.is_printable and event.character:
            self.change(self.text + event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is typed text."""
        self.change(self.text + event.text)
        event.stop()

    def change(self, text: str) -> None:
        """Set the filter to `text`."""
        text = clean(text)[:FILTER_LIMIT]
        if text != self.text:
            self.text = text
            self.redraw()
            self.post_message(self.Changed(text))
