"""Where the panels of Earnings stand: one plan for 80×24 and below, one for 120×40 and above. Pure."""

from __future__ import annotations

from textual.geometry import Region

from console.tui.screens.plans import Placed
from console.tui.widgets.panel import Style


def compact(free: Region, lines: int) -> Placed:
    """Rules; the figures first, `lines` of them, then bars, models, statements, and what was taken.

    Where rows lack, the bars give way, then the models: neither tells of anything that is wrong.
    """
    wide, rows = free.width, free.height
    summary = min(lines + 1, max(1, rows - 6 if rows >= 12 else rows - 3))
    rest = rows - summary
    statements = 3 if rest >= 6 else 0
    penalties = min(rest - statements, 3)
    rest -= statements + penalties
    models = 0 if rest < 5 else 3 if rest >= 9 else 2
    bars = min(6, rest - models) if rest - models >= 3 else 0
    rest -= models + bars
    at = free.y
    placed: Placed = {}
    for name, high in (
        ("summary", summary), ("days", bars), ("models", models),
        ("statements", statements + (rest + 1) // 2), ("penalties", penalties + rest // 2),
    ):  # fmt: skip
        if high > 0:
            placed[name] = (Region(0, at, wide, high), Style())
            at += high
    return placed


def roomy(free: Region) -> Placed:
    """Boxes: figures and accounts, today and the days, rates and models, statements, and what was taken."""
    style, wide, at = Style(roomy=True), free.width, free.y
    left = wide * 58 // 100
    spare = max(0, free.height - 37)
    bars = max(7, min(16, 9 + spare // 3, free.height - 29))
    today = wide * 39 // 100
    placed: Placed = {}
    for high, edge, names in (
        (9, left, ("earned", "accounts")), (bars, today, ("today", "days")), (7, left, ("rates", "models"))
    ):  # fmt: skip
        placed[names[0]] = (Region(0, at, edge, high), style)
        placed[names[1]] = (Region(edge, at, wide - edge, high), style)
        at += high
    rest = max(0, free.bottom - at)
    taken = max(4, min(5 + spare // 4, rest // 2)) if rest >= 8 else rest
    if rest - taken > 0:
        placed["statements"] = (Region(0, at, wide, rest - taken), style)
    if taken > 0:
        placed["penalties"] = (Region(0, at + rest - taken, wide, taken), style)
    return placed
