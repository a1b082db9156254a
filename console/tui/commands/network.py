"""What an operator can do on the screen Network."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class Rules(ScreenCommand):
    """Show the network's prices and rules on the whole screen, or all of Network again."""

    id, key, label = "rules", "r", "rules"
    screens = frozenset(("network",))


class Proofs(ScreenCommand):
    """Show the jobs that this node won: each has its draw's proof, recomputed here."""

    id, key, label = "proofs", "o", "proofs"
    screens = frozenset(("network",))


COMMANDS: tuple[type[Command], ...] = (Rules, Proofs)
