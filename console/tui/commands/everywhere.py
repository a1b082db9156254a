"""What helps on every screen: jump to a panel, copy what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.tui.commands.base import Command

if TYPE_CHECKING:
    from textual.widget import Widget

    from console.tui.app import QuarterdeckApp


class Jump(Command):
    """Jump: show a letter on every panel; pressing it gives that panel the keyboard."""

    id, key, label, footer = "jump", "ctrl+o", "jump", False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        from console.tui.screens.jump import JumpScreen

        targets = [widget for widget in app.screen.focus_chain if widget.region]

        def chosen(target: Widget | None) -> None:
            if target is not None:
                target.focus()

        app.push_screen(JumpScreen(targets), chosen)


class Copy(Command):
    """Copy an id, an address or a path from here: through the terminal's clipboard, or to be selected."""

    id, key, label, footer = "copy", "y", "copy", False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        from console.tui.screens.copying import CopyScreen
        from console.tui.screens.room import RoomScreen

        things = app.screen.copyable() if isinstance(app.screen, RoomScreen) else []
        if things:
            app.push_screen(CopyScreen(things))
        else:
            app.say("There is nothing to copy here yet.")


COMMANDS: tuple[type[Command], ...] = (Jump, Copy)
