"""How a screen is laid out: each panel stands where the screen's plan for this size puts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from textual.geometry import NULL_SPACING, Offset, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from console.tui.screens.plans import Placed
from console.tui.widgets.panel import Panel, Style

Plan = Mapping[str, tuple[Region, Style]]
"""Where each panel stands and how it is drawn; a panel that is not named is hidden and costs nothing."""


def edges_of(size: Size, notice: int) -> tuple[Placed, int]:
    """In every plan: status line, footer, and a notice that needs `notice` rows; and the first free row."""
    wide, high = size
    noticed = min(notice, 4, max(0, high - 4))
    placed = {
        "status": (Region(0, 0, wide, 1), Style()),
        "footer": (Region(0, high - 1, wide, 1), Style()),
    }
    if noticed:
        placed["notice"] = (Region(0, 1, wide, noticed), Style())
    return placed, 1 + noticed


class Planned(Protocol):
    """What the layout needs of the screen whose children it places."""

    def plan(self, size: Size) -> Plan:
        """Where everything stands at this size."""
        ...


class PlanLayout(Layout):
    """Places the children of a screen where its plan says."""

    name = "plan"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """One placement for each child that the plan names."""
        plan = cast("Planned", parent).plan(size)
        placements = []
        for child in children:
            if child.id is not None and child.id in plan:
                region, style = plan[child.id]
                if isinstance(child, Panel) and child.plan != style:
                    child.plan = style
                    child.repaint()
                placements.append(WidgetPlacement(region, Offset(0, 0), NULL_SPACING, child))
        return placements
