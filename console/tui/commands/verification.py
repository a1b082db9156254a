"""What an operator can do on the screen Verification."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class ShowOnly(ScreenCommand):
    """Show all verdicts, only the rejected ones, or only those that rest on an audit."""

    id, key, label = "show_only", "o", "only"
    screens = frozenset(("verification",))


COMMANDS: tuple[type[Command], ...] = (ShowOnly,)
