"""Where the Deck's panels stand: one plan for 80×24, one for 120×40, one page for less than both. Pure."""

from __future__ import annotations

from textual.geometry import Region

from console.tui.widgets.panel import Style

SMALL_WIDTH, SMALL_HEIGHT = 60, 16
ROOMY_WIDTH, ROOMY_HEIGHT = 100, 32
STRIP_FROM = 20
"""Rows below the gauges from which on the timeline's strip has room among jobs and events."""
Placed = dict[str, tuple[Region, Style]]


def is_small(width: int, height: int) -> bool:
    """Whether only the status page fits."""
    return width <= SMALL_WIDTH or height <= SMALL_HEIGHT


def is_roomy(width: int, height: int) -> bool:
    """Whether boxes and charts fit."""
    return width >= ROOMY_WIDTH and height >= ROOMY_HEIGHT


def small(width: int, height: int, top: int) -> Placed:
    """The status page."""
    return {"page": (Region(0, top, width, max(0, height - top - 1)), Style())}


def compact(width: int, height: int, top: int) -> Placed:
    """Rules instead of boxes; every row carries figures."""
    placed: Placed = {}
    gap = 1 if height - top >= 19 else 0
    at = top + gap
    placed["earnings"] = (Region(0, at, width, 3), Style())
    at += 3
    left = width // 2
    verdict_width = max(24, width * 3 // 10)
    jobs_width = width - verdict_width
    placed["machine"] = (Region(0, at, left, 4), Style(joints=((left - 1, "┬"),), divider=True))
    placed["engine"] = (Region(left, at, width - left, 4), Style())
    at += 4
    rest = max(0, height - at - 1)
    joints = ((left - 1, "┴"), (jobs_width - 1, "┬"))
    placed["live"] = (Region(0, at, jobs_width, rest), Style(joints=joints, divider=True))
    placed["verdicts"] = (Region(jobs_width, at, verdict_width, rest), Style())
    return placed


def roomy(width: int, height: int, top: int) -> Placed:
    """Boxes, charts, and the events below."""
    style = Style(roomy=True)
    left = width // 2
    at = top
    placed: Placed = {
        "earnings": (Region(0, at, left, 7), style),
        "standing": (Region(left, at, width - left, 7), style),
    }
    at += 7
    gauges = 9 if height >= 38 else 7
    placed["machine"] = (Region(0, at, left, gauges), style)
    placed["engine"] = (Region(left, at, width - left, gauges), style)
    at += gauges
    if height - at >= STRIP_FROM:
        placed["strip"] = (Region(0, at, width, 4), style)
        at += 4
    rest = max(0, height - at - 1)
    events = min(12, rest * 2 // 5) if rest >= 14 else 0
    verdict_width = max(42, width * 38 // 100)
    placed["live"] = (Region(0, at, width - verdict_width, rest - events), style)
    placed["verdicts"] = (Region(width - verdict_width, at, verdict_width, rest - events), style)
    if events:
        placed["notes"] = (Region(0, at + rest - events, width, events), style)
    return placed
