"""What an operator can do on the screen Jobs, and with every list that can be filtered."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class Filter(ScreenCommand):
    """Filter the list by words; a word after ! must not be there."""

    id, key, label = "filter", "slash", "filter"
    screens = frozenset(("jobs", "events"))


class Sort(ScreenCommand):
    """Sort the jobs by the next column; after the last, live ones come first again."""

    id, key, label = "sort", "s", "sort"
    screens = frozenset(("jobs",))


class SortReverse(ScreenCommand):
    """Turn the order of the jobs round."""

    id, key, label, footer = "sort_reverse", "S", "reverse", False
    screens = frozenset(("jobs",))


COMMANDS: tuple[type[Command], ...] = (Filter, Sort, SortReverse)
