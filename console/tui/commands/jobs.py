"""What an operator can do on the screen Jobs."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class Filter(ScreenCommand):
    """Filter the jobs by words; a word after ! must not be there."""

    id, key, label = "filter", "slash", "filter"
    screens = frozenset(("jobs",))


COMMANDS: tuple[type[Command], ...] = (Filter,)
