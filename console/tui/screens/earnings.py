"""Earnings: what the work came to."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.screens.room import Plan, RoomScreen
from console.tui.views import money
from console.tui.widgets.panel import Panel, Style


class Earnings(RoomScreen):
    """Money by day and by model."""

    room: ClassVar[str] = "earnings"
    AUTO_FOCUS = "#earnings"
    BINDINGS = bindings("earnings")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Panel("earnings", money.earnings, frozenset(("money", "network")), focusable=True)

    def plan(self, size: Size) -> Plan:
        """All of the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        placed["earnings"] = (Region(0, top, size.width, high), Style(roomy=True))
        return placed
