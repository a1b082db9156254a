"""What an operator can do on the screen Earnings."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class NextRange(ScreenCommand):
    """Change the range of days: today, the last 7 days, the last 30 days."""

    id, key, label = "range", "r", "range"
    screens = frozenset(("earnings",))


class OpenStatement(ScreenCommand):
    """Open the chosen statement, or what is wrong with one: every check, the accounts, and the receipts."""

    id, key, label = "open_statement", "s", "stated"
    screens = frozenset(("earnings",))


class ExportEarnings(ScreenCommand):
    """Write a month's earnings to a new CSV file: asks which month, and where."""

    id, key, label = "export", "c", "CSV"
    screens = frozenset(("earnings",))


COMMANDS: tuple[type[Command], ...] = (NextRange, OpenStatement, ExportEarnings)
