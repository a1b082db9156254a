"""Where the panels of Earnings stand: one plan for 80×24 and below, one for 120×40 and above. Pure."""

from __future__ import annotations

from textual.geometry import Region

from console.tui.screens.plans import Placed
from console.tui.widgets.panel import Style


def compact(free: Region, lines: int) -> Placed:
    """Rules; the figures first, `lines` of them, then bars, models, and what was taken."""
    wide, rows = free.width, free.height
    summary = min(lines + 1, max(1, rows - 3))
    rest = rows - summary
    bars = 6 if rest >= 9 else 0
    models = 0 if rest - bars < 6 else min(3, rest - bars - 4)
    at = free.y
    placed: Placed = {}
    for name, high in (
        ("summary", summary), ("days", bars), ("models", models), ("penalties", rest - bars - models)
    ):  # fmt: skip
        if high > 0:
            placed[name] = (Region(0, at, wide, high), Style())
            at += high
    return placed


def roomy(free: Region) -> Placed:
    """Boxes: figures and accounts, today and the days, rates and models, and what was taken."""
    style, wide, at = Style(roomy=True), free.width, free.y
    left = wide * 58 // 100
    bars = max(7, min(18, free.height - 26))
    today = wide * 39 // 100
    placed: Placed = {}
    for high, edge, names in (
        (9, left, ("earned", "accounts")), (bars, today, ("today", "days")), (7, left, ("rates", "models"))
    ):  # fmt: skip
        placed[names[0]] = (Region(0, at, edge, high), style)
        placed[names[1]] = (Region(edge, at, wide - edge, high), style)
        at += high
    rest = free.y + free.height - at
    if rest > 0:
        placed["penalties"] = (Region(0, at, wide, rest), style)
    return placed
