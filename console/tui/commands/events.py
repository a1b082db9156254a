"""What an operator can do on the screen Events."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class Level(ScreenCommand):
    """Show all events, or warnings and errors, or errors alone."""

    id, key, label = "level", "v", "level"
    screens = frozenset(("events",))


class Follow(ScreenCommand):
    """Follow the events again: back to the newest, with all that came meanwhile."""

    id, key, label = "follow", "f", "follow"
    screens = frozenset(("events",))


COMMANDS: tuple[type[Command], ...] = (Level, Follow)
