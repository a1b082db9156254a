"""What an operator can do on the screen Settings, and the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.tui.commands.base import Command, ScreenCommand

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class ShowSettings(Command):
    """Show Settings: what the configuration says, with every key explained."""

    id, key, label, footer = "settings", "comma", "settings", False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("settings")


class DefaultSetting(ScreenCommand):
    """Take the chosen setting out of the file, so that its default holds again."""

    id, key, label = "default_setting", "u", "default"
    screens = frozenset(("settings",))
    changes = True


COMMANDS: tuple[type[Command], ...] = (DefaultSetting, ShowSettings)
