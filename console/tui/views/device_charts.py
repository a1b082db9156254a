"""How gauges are drawn: each with a chart as high as there is room for, and small facts below. Pure."""

from __future__ import annotations

from typing import NamedTuple

from console.tui.charts import columns, gauge
from console.tui.rows import Role, Row, Span, ends, fit, row

LABEL, FIGURE, NOTE = 9, 8, 22
CHART_MOST = 120
"""Cells of the widest chart: one for each sample that is kept."""
CHART_ROWS = 16
ABREAST = 96
"""Cells from which two charts stand beside each other."""
UNTOLD = "the driver does not say"


class Gauge(NamedTuple):
    """A figure with its history against 0…`top`; no `value`: not known, for the reason `why`."""

    name: str
    value: int | None
    unit: str
    history: tuple[int, ...] = ()
    top: int = 100
    note: str = ""
    why: str = UNTOLD
    bar: bool = False
    """Drawn as a bar, since it has no history."""

    @property
    def figure(self) -> str:
        """The value with its unit."""
        return "?" if self.value is None else f"{self.value} {self.unit}"


class Detail(NamedTuple):
    """A smaller fact."""

    name: str
    value: str
    role: Role = "text"


NONE: list[Detail] = []


def charted(shown: list[Gauge], details: list[Detail], wide: int, high: int) -> list[Row]:
    """Charts as high as there is room for: two abreast where it is wide, else one below the other."""
    known = [item for item in shown if item.value is not None]
    unknown = [_unknown(item, wide) for item in shown if item.value is None]
    pairs = (len(known) + 1) // 2
    room = max(0, high - len(unknown))
    if wide >= ABREAST and pairs and (room - 1) // pairs >= 3:
        if known[-1].bar:
            return [*_grid(known, wide, room // pairs, details), *unknown]
        return [*_grid(known, wide, (room - 1) // pairs), *unknown, *_flow(details, wide)]
    small = [*unknown, *_flow(details, wide)]
    bars = sum(item.bar for item in known)
    each = max(1, min(CHART_ROWS, (high - len(small) - bars) // max(1, len(known) - bars)))
    return [*(line for item in known for line in _strip(item, wide, 1 if item.bar else each)), *small]


def _unknown(item: Gauge, wide: int) -> Row:
    name = (f" {item.name:<{LABEL}}", "dim")
    return fit(row(name, ("?".rjust(FIGURE - 2), "text"), (f"  {item.why}", "dim")), wide)  # type: ignore[arg-type]


def _strip(item: Gauge, wide: int, rows: int) -> list[Row]:
    """Name, figure, chart and note beside each other; a taller chart grows upwards, below an empty row."""
    width = max(0, min(CHART_MOST, wide - 1 - LABEL - FIGURE - NOTE))
    lines = _chart(item, width, max(rows - 1, min(rows, 2)))
    blank = row((" " * (LABEL + FIGURE + 1), "text"))
    above: list[Row] = [(*blank, *line) for line in lines[:-1]]
    head = row((f" {item.name:<{LABEL}}", "dim"), (f"{item.figure:>{FIGURE - 2}}  ", "strong"))
    note = row((f"  {item.note:<{NOTE - 2}}", "dim"))
    return [*((),) * (rows - len(lines)), *above, (*head, *lines[-1], *note)]


def _grid(known: list[Gauge], wide: int, high: int, details: list[Detail] = NONE) -> list[Row]:
    """Blocks of `high` rows, two abreast; below a bar there is room for the small facts."""
    cell = (wide - 3) // 2
    drawn: list[Row] = []
    for first in range(0, len(known), 2):
        blocks = [_block(item, cell, high, details) for item in known[first : first + 2]]
        for index in range(high):
            line: Row = (Span(" ", "text"),)
            for block in blocks:
                line = (*line, *fit(block[index] if index < len(block) else (), cell), Span(" ", "text"))
            drawn.append(line)
    return drawn


def _block(item: Gauge, width: int, high: int, details: list[Detail]) -> list[Row]:
    """Name, figure and note above the chart."""
    name = row((f"{item.name:<{LABEL}}", "dim"), (f"{item.figure:>{FIGURE - 2}}", "strong"))
    head = ends(name, row((f"{item.note} ", "dim")), width)
    if item.bar:
        small = [
            row((f"{detail.name:<{LABEL + 3}}", "dim"), (detail.value, detail.role)) for detail in details
        ]
        return [head, *_chart(item, width - 1, 1), (), *small]
    rows = min(CHART_ROWS, high - 1 - (high > 4))
    return [head, *_chart(item, min(width - 1, CHART_MOST), rows)]


def _chart(item: Gauge, width: int, rows: int) -> list[Row]:
    if item.bar:
        full, rest = gauge(item.value or 0, item.top, width)
        return [(Span(full, "bar"), Span(rest, "track"))]
    return [(Span(line, "bar"),) for line in columns(item.history, width, rows, item.top)]


def _flow(details: list[Detail], wide: int) -> list[Row]:
    """Small facts in as many equal columns as fit; each figure in a place of its own."""
    across = max(1, min(len(details), wide // 26))
    cell = (wide - 1) // across
    rows: list[Row] = []
    for first in range(0, len(details), across):
        line: Row = (Span(" ", "text"),)
        for item in details[first : first + across]:
            line = (*line, *fit(row((f"{item.name} ", "dim"), (item.value, item.role)), cell))
        rows.append(line)
    return rows
