"""Why: the one reason, and how the time was spent."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.screens.room import Plan, RoomScreen
from console.tui.views import money
from console.tui.widgets.panel import Panel, Style


class Why(RoomScreen):
    """Reason, remedy, timeline."""

    room: ClassVar[str] = "why"
    AUTO_FOCUS = "#standing"
    BINDINGS = bindings("why")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Panel("standing", money.standing, frozenset(("money", "network", "time")), focusable=True)

    def plan(self, size: Size) -> Plan:
        """All of the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        placed["standing"] = (Region(0, top, size.width, high), Style(roomy=True))
        return placed
