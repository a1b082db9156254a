"""FilteredScreen: a screen with one list, and the line below it that a filter is typed in."""

from __future__ import annotations

import abc

from textual.geometry import Region, Size

from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.widgets.page import FilterLine
from console.tui.widgets.panel import Listing, Style


class FilteredScreen(RoomScreen):
    """Its panels are a list with the id `list`, a FilterLine, and what a subclass places below the list."""

    AUTO_FOCUS = "#list"

    @abc.abstractmethod
    def filter_by(self, text: str) -> None:
        """List only what fits the words of `text`."""

    def below(self, size: Size, high: int) -> tuple[str, int]:
        """The panel below the list and its rows, of the `high` that both have; no panel by default."""
        return "", 0

    @property
    def listed(self) -> Listing:
        """The list."""
        return self.query_one("#list", Listing)

    @property
    def filter_line(self) -> FilterLine:
        """Where the filter is typed."""
        return self.query_one(FilterLine)

    @property
    def filtering(self) -> bool:
        """Whether the filter line is in use."""
        return bool(self.filter_line.text) or self.filter_line.has_focus

    def plan(self, size: Size) -> Plan:
        """The list fills what the lines and the panel below leave."""
        placed, top = self.edges(size)
        line = 1 if self.filtering else 0
        high = max(0, size.height - top - 1 - line)
        name, rows = self.below(size, high)
        placed["list"] = (Region(0, top, size.width, high - rows), Style())
        if rows:
            placed[name] = (Region(0, top + high - rows, size.width, rows), Style())
        if line:
            placed["filter"] = (Region(0, size.height - 2, size.width, 1), Style())
        return placed

    def do_filter(self) -> None:
        """Put the keyboard on the filter line."""
        self.filter_line.focus()

    def on_descendant_focus(self) -> None:
        """The filter line comes with the keyboard."""
        self.replan()

    def on_descendant_blur(self) -> None:
        """And goes with it, unless something was typed."""
        self.replan()

    def step_back(self) -> bool:
        """Drop the filter; false if there was none."""
        had = bool(self.filter_line.text)
        self.filter_line.change("")
        return had

    def on_filter_line_changed(self, message: FilterLine.Changed) -> None:
        """List what fits now."""
        self.filter_by(message.text)
        self.replan()

    def on_filter_line_done(self) -> None:
        """Back to the list."""
        self.listed.focus()
