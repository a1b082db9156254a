"""Verification: how the answers were judged."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.screens.room import Plan, RoomScreen
from console.tui.views import verdicts
from console.tui.widgets.panel import Listing, Style


class Verification(RoomScreen):
    """Verdicts and limits."""

    room: ClassVar[str] = "verification"
    AUTO_FOCUS = "#verdicts"
    BINDINGS = bindings("verification")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Listing(
            "verdicts", verdicts.verdicts, frozenset(("verdicts", "time")), lambda state: state.verdicts,
            lambda verdict: (verdict.job, verdict.attempt),
        )  # fmt: skip

    def plan(self, size: Size) -> Plan:
        """All of the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        placed["verdicts"] = (Region(0, top, size.width, high), Style(roomy=True))
        return placed
