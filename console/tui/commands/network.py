"""What an operator can do on the screen Network."""

from __future__ import annotations

from console.tui.commands.base import Command

COMMANDS: tuple[type[Command], ...] = ()
