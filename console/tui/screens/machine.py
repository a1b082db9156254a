"""Machine: what this machine is, and how it feels."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.screens.room import Plan, RoomScreen
from console.tui.views import machine
from console.tui.widgets.panel import Panel, Style


class Machine(RoomScreen):
    """Devices and engine."""

    room: ClassVar[str] = "machine"
    AUTO_FOCUS = "#machine"
    BINDINGS = bindings("machine")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Panel("machine", machine.machine, frozenset(("machine",)), focusable=True)

    def plan(self, size: Size) -> Plan:
        """All of the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        placed["machine"] = (Region(0, top, size.width, high), Style(roomy=True))
        return placed
