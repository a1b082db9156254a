"""What an operator can do on the screen Machine."""

from __future__ import annotations

from console.tui.commands.base import Command

COMMANDS: tuple[type[Command], ...] = ()
