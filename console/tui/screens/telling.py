"""A box that tells something, and closes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.tui.rows import Row, box
from console.tui.widgets.page import Page

WIDTH = 76


class Telling(ModalScreen[None]):
    """Shows rows in the middle; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Close", show=False)]

    def __init__(self, title: str, rows_for: Callable[[int], Sequence[Row]]) -> None:
        super().__init__()
        self.heading = title
        self._rows_for = rows_for

    def compose(self) -> ComposeResult:
        """One page in the middle."""
        yield Page(self._page_rows, id="telling")

    def on_mount(self) -> None:
        """As large as its text needs."""
        self.size_to_fit()

    def on_resize(self) -> None:
        """The same when the terminal changes."""
        self.size_to_fit()

    def size_to_fit(self) -> None:
        """Set the page's size."""
        page = self.query_one(Page)
        width = min(WIDTH, self.size.width)
        page.styles.width = width
        page.styles.height = min(len(self._page_rows(width)), self.size.height)

    def _page_rows(self, width: int) -> list[Row]:
        inside = [*self._rows_for(width - 2)]
        return box(f"{self.heading} · esc closes", inside, width, len(inside) + 2, focus=True)
