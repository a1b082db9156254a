"""The palette of commands: Textual's, with a cursor that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import CommandPalette
from textual.widgets import Input

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class StillPalette(CommandPalette):
    """Nothing blinks on this console: it disturbs, and costs bytes on a slow line twice a second."""

    def on_mount(self) -> None:
        """Let the cursor stand."""
        self.query_one(Input).cursor_blink = False


def open_palette(app: QuarterdeckApp) -> None:
    """Show it, once."""
    if not isinstance(app.screen, CommandPalette):
        app.push_screen(StillPalette(id="--command-palette"))
