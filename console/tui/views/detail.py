"""One job and everything that stands behind it: draw, result, verdict, receipt, ledger entries, life."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from console.control.state import LIVE_JOB_STATES
from console.control.wire import Check, JobDetail, Moment
from console.ledger.figures import credits
from console.tui.figures import brief, clock_time
from console.tui.reckoning import day_of
from console.tui.rows import Row, Span, fit, row, rule, text_fit, wrap
from console.tui.views.chain import chain_row, check_rows, tally_rows
from console.tui.views.jobs import STATE_INK
from console.tui.views.stages import HOW, stages

SIDE_FROM, SIDE_WIDTH = 116, 37
"""From this width on the job's life stands beside its evidence."""
ONE_LINE_FROM = 76
MAIN_LIMIT = 110
"""Evidence is no easier to read when it is spread wider."""


class Again(NamedTuple):
    """What judging an answer again here came to so far."""

    checks: tuple[Check, ...] = ()
    sentence: str = ""
    """What is still under way, or why it could not be done."""


class Evidence(NamedTuple):
    """The page, and where its sections begin."""

    rows: list[Row]
    starts: tuple[int, ...]


def evidence(detail: JobDetail, width: int, offset_s: int, again: Again | None = None) -> Evidence:
    """The whole page; a section that has no evidence yet says so instead of hiding."""
    side = min(70, width - MAIN_LIMIT) if width - MAIN_LIMIT > SIDE_WIDTH else SIDE_WIDTH
    wide = width - side - 1 if width >= SIDE_FROM else width
    sections = stages(detail, wide, offset_s)
    if again is not None:
        sections.insert(0, _again(again, wide))
    if width < SIDE_FROM:
        sections.append([rule(_life_title(detail, offset_s), wide), *_life(detail.timeline, wide, offset_s)])
    rows = _head(detail, wide)
    starts = []
    for section in sections:
        starts.append(len(rows))
        rows += [*section, ()]
    if width >= SIDE_FROM:
        beside = [rule(_life_title(detail, offset_s), side), *_life(detail.timeline, side, offset_s)]
        rows = _side_by_side(rows, beside, wide)
    return Evidence([fit(line, width) for line in rows], tuple(starts))


def _side_by_side(left: Sequence[Row], right: Sequence[Row], width: int) -> list[Row]:
    return [
        (*fit(one, width), Span("│", "rule"), *other) for one, other in zip_longest(left, right, fillvalue=())
    ]


def _head(detail: JobDetail, width: int) -> list[Row]:
    view = detail.view
    glyph, ink = STATE_INK.get(view.state, ("·", "text"))
    came = _came_to(detail)
    rows = [
        row((f" {glyph} {view.state}", ink), (came, "strong")),
        *(row(f"   {line}") for line in wrap(view.sentence, width - 4, 3) if line),
        (),
        chain_row(detail, width),
        *tally_rows(detail, width),
        (),
    ]
    return [fit(line, width) for line in rows]


def _came_to(detail: JobDetail) -> str:
    view, mode = detail.view, detail.verdict.mode if detail.verdict is not None else None
    how = HOW.get(mode, "") if mode is not None else ""
    if view.state in LIVE_JOB_STATES:
        return f", {view.tokens:,} of at most {view.max_tokens:,} tokens"
    if view.penalty:
        return f"{how}, penalty {credits(view.penalty)}"
    if view.reward:
        return f"{how}, earned {credits(view.reward)}"
    return how


def _again(again: Again, width: int) -> list[Row]:
    rows = [rule("Judged again on this machine", width), *check_rows(again.checks, width)]
    return rows + [row((" ◌ ", "accent"), line) for line in wrap(again.sentence, width - 4, 3) if line]


def _life_title(detail: JobDetail, offset_s: int) -> str:
    """With the day: a job of yesterday has the same times of day as one of today."""
    return f"Life · {day_of(detail.timeline[0].at_ms, offset_s)}" if detail.timeline else "Life"


def _life(moments: Sequence[Moment], width: int, offset_s: int) -> list[Row]:
    if not moments:
        return [row(("   nothing journalled yet", "dim"))]
    start, rows = moments[0].at_ms, []
    for moment in moments:
        since = "" if moment.at_ms <= start else f"+{brief(moment.at_ms - start)}"
        line = row((f"   {clock_time(moment.at_ms, offset_s)} ", "dim"), (f"{since:>8}  ", "dim"))
        if width >= ONE_LINE_FROM:
            rows.append((*line, *row((text_fit(moment.word, 13), "strong"), moment.sentence)))
        else:
            rows.append((*line, *row((moment.word, "strong"))))
            rows += [row(" " * 5 + words) for words in wrap(moment.sentence, width - 6, 3) if words]
    return rows
