"""Where the panels of Machine stand: all where there is room, else the one with the keyboard. Pure."""

from __future__ import annotations

from textual.geometry import Region

from console.tui.screens.plans import Placed
from console.tui.widgets.panel import Style

LISTED_MOST = 6
"""Devices that are seen without scrolling."""


def listed_rows(devices: int, style: Style) -> int:
    """Rows of the list of devices, its head and frame included; none where there is nothing to choose."""
    return min(devices, LISTED_MOST) + (3 if style.roomy else 2) if devices else 0


def whole(free: Region, lines: int, style: Style) -> Placed:
    """All panels, `lines` rows of them for the list of devices."""
    wide, top, room = free.width, free.y, free.height
    placed: Placed = {}
    if lines:
        placed["devices"] = (Region(0, top, wide, lines), style)
    engine = _engine_rows(room - lines, style)
    charts = (room - lines - engine) * 12 // 20
    below = room - lines - charts - engine
    placed["gauges"] = (Region(0, top + lines, wide, charts), style)
    placed["engine"] = (Region(0, top + lines + charts, wide, engine), style)
    left = wide // 2 if wide < 100 else wide * 9 // 20
    at = top + lines + charts + engine
    joint = Style(style.roomy, ((left - 1, "┬"),), divider=not style.roomy)
    placed["users"] = (Region(0, at, left, below), joint)
    placed["facts"] = (Region(left, at, wide - left, below), style)
    return placed


def _engine_rows(room: int, style: Style) -> int:
    """State, speeds, some slots and the plan; a little more where there is much room."""
    return min(12, room * 3 // 10) if style.roomy else min(7, max(5, room // 3))


def one(name: str, free: Region, lines: int, style: Style) -> Placed:
    """The panel `name` alone; the gauges with the list of devices above them, where both have room."""
    wide, top, room = free.width, free.y, free.height
    if name in ("users", "facts", "engine"):
        return {name: (free, style)}
    lines = lines if room - lines >= 5 else 0
    if name == "devices" and not lines:
        return {"devices": (free, style)}
    placed = {"gauges": (Region(0, top + lines, wide, room - lines), style)}
    if lines:
        placed["devices"] = (Region(0, top, wide, lines), style)
    return placed
