"""Where the panels of Network stand: one plan for 80×24, one for 120×40, one for very wide screens. Pure."""

from __future__ import annotations

from textual.geometry import Region

from console.tui.screens.plans import Placed
from console.tui.widgets.panel import Style

WIDE = 160
EVIDENCE_WIDTH = 42
"""Leaves the coordinator's box, at 120 columns, room for the whole of its key."""


def compact(rest: Region, rows: int) -> Placed:
    """80×24: rules instead of boxes. What a notice takes, the prices, the evidence and the roster give."""
    wide, left = rest.width, rest.width * 9 // 16
    picture = 1 + rows
    at = rest.y + picture
    spare = rest.height - picture - 11
    block, kept = (7 if spare >= 2 else 6), (2 if spare >= 4 else 0)
    joints = ((left - 1, "┬"),)
    placed: Placed = {
        "draws": (Region(0, rest.y, wide, picture), Style()),
        "groups": (Region(0, at, left, block), Style(joints=joints, divider=True)),
        "roster": (Region(left, at, wide - left, block), Style()),
        "coordinator": (Region(0, at + block, wide, 4), Style(joints=((left - 1, "┴"),))),
    }
    at += block + 4
    if kept:
        placed["evidence"] = (Region(0, at, wide, kept), Style())
    placed["rules"] = (Region(0, at + kept, wide, max(0, rest.bottom - at - kept)), Style())
    return placed


def roomy(rest: Region, rows: int) -> Placed:
    """120×40: boxes, and the draws as a curve."""
    wide, left, style = rest.width, rest.width // 2, Style(roomy=True)
    curve = _curve_rows(rows, rest.height - 27)
    at = rest.y + curve
    return {
        "draws": (Region(0, rest.y, wide, curve), style),
        "groups": (Region(0, at, left, 8), style),
        "roster": (Region(left, at, wide - left, 8), style),
        "coordinator": (Region(0, at + 8, wide - EVIDENCE_WIDTH, 6), style),
        "evidence": (Region(wide - EVIDENCE_WIDTH, at + 8, EVIDENCE_WIDTH, 6), style),
        "rules": (Region(0, at + 14, wide, max(0, rest.bottom - at - 14)), style),
    }


def _curve_rows(rows: int, spare: int) -> int:
    """Rows of the draws in a box: with a curve where it can be of some height, else what is needed."""
    if rows < 5:
        return rows + 2
    least = max(rows, 6) + 2
    return min(14, spare) if spare >= least + 3 else least


def very_wide(rest: Region, rows: int) -> Placed:
    """Two columns: what is, with charts as tall as there is room; and what holds."""
    left, style = rest.width * 11 // 20, Style(roomy=True)
    right, at = rest.width - left, rest.y
    curve = _curve_rows(rows, rest.height * 2 // 5)
    tall = min(16, max(6, rest.height - curve - 7))
    table = max(0, rest.height - curve - tall)
    return {
        "draws": (Region(0, at, left, curve), style),
        "groups": (Region(0, at + curve, left, table), style),
        "coordinator": (Region(0, at + curve + table, left, tall), style),
        "roster": (Region(left, at, right, 8), style),
        "evidence": (Region(left, at + 8, right, 6), style),
        "rules": (Region(left, at + 14, right, max(0, rest.height - 14)), style),
    }
