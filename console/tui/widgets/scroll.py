"""Scroll: a panel that holds more rows than it shows, moved by the same keys as a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from console.tui.rows import Row
from console.tui.store import Part, View
from console.tui.views.frame import Frame, framed
from console.tui.widgets.panel import Panel

Content = Callable[[View, int], list[Row]]
"""All rows for a width."""


class Scroll(Panel):
    """Shows a window on its content; the title says how much is below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_by(-1)", "Up", show=False),
        Binding("down,j", "scroll_by(1)", "Down", show=False),
        Binding("pageup", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown,space", "scroll_page(1)", "Page down", show=False),
        Binding("home", "scroll_by(-1000000)", "Top", show=False),
        Binding("end", "scroll_by(1000000)", "End", show=False),
    ]

    def __init__(
        self, name: str, title: str, content: Content, parts: frozenset[Part], *, help_text: str = ""
    ) -> None:
        super().__init__(name, self._window, parts, help_text=help_text, focusable=True)
        self._title = title
        self._content = content
        self.top = 0

    def _window(self, view: View, frame: Frame) -> list[Row]:
        rows = self._content(view, frame.inner_width)
        room = max(1, frame.inner_height)
        self.top = max(0, min(self.top, len(rows) - room))
        below = len(rows) - self.top - room
        title = f"{self._title} · {below} more below" if below > 0 else self._title
        return framed(title, rows[self.top : self.top + room], frame)

    def action_scroll_by(self, by: int) -> None:
        """Move by rows."""
        self.top = max(0, self.top + by)
        self.redraw()

    def action_scroll_page(self, by: int) -> None:
        """Move by screenfuls."""
        self.action_scroll_by(by * max(1, self.size.height - 3))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls."""
        self.action_scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls."""
        self.action_scroll_by(-3)
