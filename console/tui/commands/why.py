"""What an operator can do on the screen Why."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class OpenEvidence(ScreenCommand):
    """Open what the reason rests on: the penalty, or the screen with its figures."""

    id, key, label = "evidence", "e", "evidence"
    screens = frozenset(("why",))


COMMANDS: tuple[type[Command], ...] = (OpenEvidence,)
