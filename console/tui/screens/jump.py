"""Jump mode: a letter on every panel that can have the keyboard; pressing it goes there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widget import Widget

from console.tui.rows import Row, row
from console.tui.widgets.canvas import Canvas

LETTERS = "asdfghjklqwertyuiop"


class Letter(Canvas):
    """One letter, on the corner of its panel."""

    def __init__(self, letter: str, at: Offset) -> None:
        super().__init__(id=f"jump-{letter}")
        self.letter = letter
        self.styles.position = "absolute"
        self.styles.offset = (at.x, at.y)
        self.styles.width, self.styles.height = 3, 1

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The letter as a badge."""
        return [row((f" {self.letter} ", "badge_warn"))], False


class JumpScreen(ModalScreen[Widget | None]):
    """The result is the panel that was chosen."""

    def __init__(self, targets: Sequence[Widget]) -> None:
        super().__init__()
        self.targets = dict(zip(LETTERS, targets, strict=False))

    def compose(self) -> ComposeResult:
        """A letter for each."""
        for letter, target in self.targets.items():
            yield Letter(letter, target.region.offset)

    def on_key(self, event: events.Key) -> None:
        """A letter goes there; any other key ends it."""
        event.stop()
        self.dismiss(self.targets.get(event.key))
