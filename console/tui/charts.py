"""Sparkline, gauge and column chart with a fixed scale: one plain string each, so few bytes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

EIGHTHS = " ▁▂▃▄▅▆▇█"
FULL, EMPTY = "█", "░"


def sparkline(values: Sequence[int], width: int, top: int) -> str:
    """The newest `width` values against 0…`top`, newest at the right; a zero is still a line."""
    newest = values[-width:] if width > 0 else ()
    bars = "".join(EIGHTHS[_level(value, top, 8, least=1)] for value in newest)
    return bars.rjust(max(0, width))


def columns(values: Sequence[int], width: int, height: int, top: int) -> list[str]:
    """The same as `height` rows, top row first, with 8·height steps."""
    newest = list(values[-width:]) if width > 0 else []
    levels = [_level(value, top, 8 * height, least=1) for value in newest]
    rows = []
    for row in range(height - 1, -1, -1):
        rows.append("".join(EIGHTHS[min(8, max(0, level - 8 * row))] for level in levels).rjust(width))
    return rows


def gauge(part: int, whole: int, width: int) -> tuple[str, str]:
    """A bar of `width` cells: what is filled, and the rest."""
    filled = _level(part, whole, width, least=1 if part > 0 else 0)
    return FULL * filled, EMPTY * (width - filled)


def ceiling(values: Sequence[int], least: int) -> int:
    """A steady top for a scale: the next of 1, 2, 5 × 10ⁿ at or above every value and `least`."""
    highest = max((*values, least, 1))
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor >= highest:
                return step * factor
        step *= 10


def _level(value: int, top: int, steps: int, *, least: int) -> int:
    if top <= 0:
        return min(least, steps)
    return min(steps, max(least, (value * steps + top // 2) // top))
