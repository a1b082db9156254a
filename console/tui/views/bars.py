"""Bar charts: a fixed scale from zero, labels, few spans, and marks that need no colour. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from console.tui.charts import FULL, columns
from console.tui.rows import Role, Row, Span, row, text_fit

CELL_LIMIT = 16
"""Bars do not grow wider than this, however wide the screen is."""
MARK = "✗"


class Bar(NamedTuple):
    """One bar. `value` None: nothing is known of it, and it stays empty."""

    label: str
    value: int | None
    words: str = ""
    """The value as it is written."""
    marked: bool = False
    """Whether a penalty fell into it."""


def upright(bars: Sequence[Bar], width: int, height: int, top: int, top_words: str) -> list[Row]:
    """Bars that stand on a line, 0 to `top`; marks on the line, labels below, amounts where they fit."""
    if not bars:
        return []
    cell = min(CELL_LIMIT, (width - 1) // len(bars))
    said = height >= 5 and all(0 < len(bar.words) < cell for bar in bars)
    # Where each bar has its amount below it, the scale would say nothing more.
    gutter = 1 if said else len(top_words) + 2
    cell = cell if said else min(CELL_LIMIT, (width - gutter) // len(bars))
    if cell < 1 or height < 3:
        return []
    labels = [row((" " * gutter + label_line([bar.label for bar in bars], cell), "dim"))]
    if said:
        labels.append(row(" " * gutter, *((f"{bar.words:<{cell}}", _ink(bar)) for bar in bars)))
    tall = height - len(labels) - 1
    drawn = columns([bar.value or 0 for bar in bars], len(bars), tall, top)
    rows = [
        row(
            ("" if said else _scale(index, tall, top_words), "dim"),
            (" " * said + _spread(line, bars, cell), "bar"),
        )
        for index, line in enumerate(drawn)
    ]
    return [*rows, _floor(bars, cell, gutter), *labels]


def lying(bars: Sequence[Bar], width: int, height: int, top: int) -> list[Row]:
    """One row for each bar: label, bar, amount; all from zero to `top`. Apart where there is room."""
    named = max((len(bar.label) for bar in bars), default=0) + 2
    said = max((len(bar.words) for bar in bars), default=0) + 1
    room = max(0, width - named - said - 4)
    rows: list[Row] = []
    for bar in bars:
        size = 0 if not bar.value or top <= 0 else max(1, min(room, bar.value * room // top))
        rows.append(
            row((text_fit(f" {bar.label}", named), "dim"), (FULL * size, "bar"), (" " * bool(size), "text"),
                (bar.words, _ink(bar)), (f" {MARK}" if bar.marked else "", "bad"))
        )  # fmt: skip
    apart = height >= 2 * len(rows) - 1
    return [line for bar in rows for line in ((bar, row()) if apart else (bar,))]


def _ink(bar: Bar) -> Role:
    return "dim" if bar.value is None else "text"


def _fill(cell: int) -> int:
    return cell - 1 if cell < 6 else cell - 2 if cell > 1 else 1


def _scale(index: int, tall: int, top_words: str) -> str:
    if index == 0:
        return f" {top_words} "
    return "0 ".rjust(len(top_words) + 2) if index == tall - 1 else " " * (len(top_words) + 2)


def _spread(line: str, bars: Sequence[Bar], cell: int) -> str:
    fill = max(1, _fill(cell))
    blocks = ((char if bar.value is not None else " ") * fill for char, bar in zip(line, bars, strict=True))
    return "".join(block.ljust(cell) for block in blocks)


def _floor(bars: Sequence[Bar], cell: int, gutter: int) -> Row:
    fill = max(1, _fill(cell))
    spans = [Span(" " * gutter, "rule")]
    for marked, some in groupby(bars, key=lambda bar: bar.marked):
        for bar in some:
            line = "─" * fill if bar.value is not None else " " * fill
            text = f"{MARK}{line[1:]}" if marked else line
            spans.append(Span(text.ljust(cell), "bad" if marked else "rule"))
    return _joined(spans)


def _joined(spans: Sequence[Span]) -> Row:
    """Neighbours of one role as one span: fewer bytes."""
    return tuple(
        Span("".join(span.text for span in some), role)
        for role, some in groupby(spans, key=lambda span: span.role)
    )


def label_line(labels: Sequence[str], cell: int) -> str:
    """Labels below bars of `cell` cells: every one if they fit, else one in some weeks and the newest."""
    long = max(map(len, labels), default=0)
    step = 1 if long < cell else -(-max(7 * cell, 2 * long + 1) // (7 * cell)) * 7
    line = [" "] * (cell * len(labels))
    for index in range(len(labels) - 1, -1, -step):
        label = labels[index]
        start = min(index * cell, len(line) - len(label))
        if start >= 0:
            line[start : start + len(label)] = label
    return "".join(line)
