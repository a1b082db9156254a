"""How far audited answers were from being rejected: a line for each way of checking, and a histogram.

Replay and exact recomputation know one margin only: not one token may differ, so what spreads is how many
tokens an audit looked at. A tolerant recompute has figures of its own: its line says how much of its limit
the nearest of them took up in the worst audit. Where it was abstained from, nothing was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from console.control.state import VerdictView
from console.protocol.types import VerdictMode
from console.tui.charts import EIGHTHS, ceiling
from console.tui.rows import Role, Row, Span, fit, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.statistics import looked_at, worst_percent
from console.tui.views.words import MODE_WORDS

MODES: tuple[VerdictMode, ...] = (
    "recompute_exact", "recompute_tolerant", "abstained", "replay", "structure",
)  # fmt: skip
"""Ways of looking into an answer, the deepest first."""
DIFFER_LIMIT: dict[VerdictMode, int] = {"structure": 0, "replay": 0, "recompute_exact": 0}
"""Tokens that may differ, by mode."""
BUCKETS = 16
BUCKET_CELLS = 3
"""Bars do not grow wider than this."""


class Margin(NamedTuple):
    """All audits of one mode together."""

    mode: VerdictMode
    audits: int
    tokens: int
    differ: int
    worst: int
    """Tokens that differed in the worst of them."""
    rejected: int
    share: int | None = None
    """Of its limit, per cent, in the worst of them; None where the mode has no figures."""


def audited(verdicts: Sequence[VerdictView]) -> list[VerdictView]:
    """The verdicts that rest on a look into the answer."""
    return [verdict for verdict in verdicts if verdict.mode != "not_audited"]


def margins_of(verdicts: Sequence[VerdictView]) -> list[Margin]:
    """One for each mode that occurred, the deepest first."""
    found = []
    for mode in MODES:
        some = [verdict for verdict in verdicts if verdict.mode == mode]
        if some:
            differ = [verdict.mismatches for verdict in some]
            tokens = sum(looked_at(verdict) for verdict in some)
            rejected = sum(verdict.outcome == "rejected" for verdict in some)
            shares = [s for verdict in some if (s := worst_percent(verdict.statistics)) is not None]
            share = max(shares, default=None)
            found.append(Margin(mode, len(some), tokens, sum(differ), max(differ), rejected, share))
    return found


def buckets(values: Sequence[int], count: int) -> tuple[list[int], int]:
    """How many values fall into each of `count` equal steps up to a round top, and that top."""
    top = ceiling(values, count)
    counts = [0] * count
    for value in values:
        counts[min(count - 1, max(0, value - 1) * count // top)] += 1
    return counts, top


def histogram(values: Sequence[int], width: int, height: int) -> list[Row]:
    """`values` counted in steps, as `height` rows: bars, the line that they stand on, and its scale."""
    if not values or width < 24 or height < 3:
        return []
    label = len(f"{len(values)}") + 1
    count = min(BUCKETS, width - label)
    cell = min(BUCKET_CELLS, (width - label) // count)
    counts, top = buckets(values, count)
    most, tall = ceiling(counts, 1), height - 2
    rows = []
    for level in range(tall - 1, -1, -1):
        bars = "".join(_bar(number, most, tall, level) * cell for number in counts)
        words = f"{most:>{label - 1}} " if level == tall - 1 else " " * label
        rows.append(row((words, "dim"), (bars, "bar")))
    wide = count * cell
    scale = f"{'tokens checked per audit' if wide >= 36 else 'tokens':^{wide - len(f'{top:,}') - 1}}"
    floor = row((" " * label, "dim"), ("─" * wide, "dim"))
    return [*rows, floor, row((f"{' ' * label}1{scale}{top:,}", "dim"))]


def _bar(number: int, most: int, tall: int, level: int) -> str:
    eighths = max(1, number * 8 * tall // most) if number else 0
    return EIGHTHS[min(8, max(0, eighths - 8 * level))]


def margins(view: View, frame: Frame) -> list[Row]:
    """A line for each mode, and the histogram below or beside them."""
    wide, high = frame.inner_width, frame.inner_height
    looked = audited(view.state.verdicts)
    if not looked:
        content = [row((" No answer has been audited yet.", "dim"))] if view.known else []
        return framed("Margins", content, frame)
    table = [_HEADS, *(_line(margin) for margin in margins_of(looked))]
    checked = [looked_at(verdict) for verdict in looked]
    if wide >= 70 and high < len(table) + 6:
        left = max(LINE_WIDTH, wide // 2)
        content = _beside(table, histogram(checked, wide - left - 1, high), left)
    else:
        chart = histogram(checked, wide - 2, min(9, high - len(table) - 1))
        content = [*table, (), *((Span(" ", "text"), *line) for line in chart)]
    return framed("Margins", content, frame)


_HEADS = row(("   MODE      AUDITS  TOKENS DIFF LIMIT", "dim"))
LINE_WIDTH = 40


def _line(margin: Margin) -> Row:
    good = not margin.rejected and (margin.share or 0) <= 100
    ink: Role = "good" if good and margin.worst <= DIFFER_LIMIT.get(margin.mode, 0) else "bad"
    differ, limit = _against(margin)
    return row(
        (" ✓ " if ink == "good" else " ✗ ", ink),
        (text_fit(MODE_WORDS[margin.mode], 9), "strong"),
        f"{margin.audits:>7,}{margin.tokens:>8,}",
        (f"{differ:>5}", ink),
        (f"{limit:>6}", "dim"),
    )


def _against(margin: Margin) -> tuple[str, str]:
    """What was found and what it was measured against: tokens, or the share of a limit."""
    if margin.mode in DIFFER_LIMIT:
        return f"{margin.differ:,}", f"{DIFFER_LIMIT[margin.mode]}"
    return ("—", "—") if margin.share is None else (f"{margin.share}%", "100%")


def _beside(left: Sequence[Row], right: Sequence[Row], width: int) -> list[Row]:
    return [(*fit(one, width), *other) for one, other in zip_longest(left, right, fillvalue=())]
