"""What an operator can do with one answer: on its own page, and where it is chosen in a list of verdicts."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class Recompute(ScreenCommand):
    """Judge this answer again on this machine's own engine, from the evidence that is kept. Jobs go first."""

    id, key, label = "recompute", "x", "recheck"
    screens = frozenset(("verification", "job"))


class NextSection(ScreenCommand):
    """Go on to the next part of the evidence: draw, result, verdict, receipt, ledger, timeline."""

    id, key, label = "next_section", "n", "next part"
    screens = frozenset(("job",))


COMMANDS: tuple[type[Command], ...] = (Recompute, NextSection)
