"""Models: the weights on this machine."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.screens.room import Plan, RoomScreen
from console.tui.views import machine
from console.tui.widgets.panel import Panel, Style


class Models(RoomScreen):
    """What is served."""

    room: ClassVar[str] = "models"
    AUTO_FOCUS = "#engine"
    BINDINGS = bindings("models")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Panel("engine", machine.engine, frozenset(("engine", "time")), focusable=True)

    def plan(self, size: Size) -> Plan:
        """All of the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        placed["engine"] = (Region(0, top, size.width, high), Style(roomy=True))
        return placed
