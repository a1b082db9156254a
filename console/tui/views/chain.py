"""The chain of evidence behind one answer: how far this machine's own checks carry it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from console.control.state import LIVE_JOB_STATES, JobState
from console.control.wire import Check, JobDetail
from console.tui.rows import Role, Row, Span, row, wrap

Stage = Literal["draw", "result", "verdict", "receipt", "ledger"]
STAGES: tuple[Stage, ...] = ("draw", "result", "verdict", "receipt", "ledger")
Standing = Literal["holds", "broken", "unchecked", "to come", "none"]
"""`unchecked`: it is there, and could not be checked here; `none`: there never will be one."""


class Mark(NamedTuple):
    """How a standing is shown: glyph, ink, and the words beside a section's title."""

    glyph: str
    ink: Role
    words: str


MARKS: dict[Standing, Mark] = {
    "holds": Mark("✓", "good", "checked here"),
    "broken": Mark("✗", "bad", "WRONG"),
    "unchecked": Mark("·", "dim", "not checked"),
    "to come": Mark("○", "accent", "to come"),
    "none": Mark("–", "dim", "none"),
}
CHECK_MARKS: dict[bool | None, tuple[str, Role]] = {
    True: ("✓", "good"),
    False: ("✗", "bad"),
    None: ("·", "dim"),
}
_OVER: frozenset[JobState] = frozenset(("failed", "cancelled", "stale"))
LONGEST_LINK = 7


def checks_of(checks: Sequence[Check], stage: Stage) -> list[Check]:
    """The checks of one stage: those whose name begins with it."""
    return [check for check in checks if check.name.partition(":")[0] == stage]


def standing(stage: Stage, detail: JobDetail) -> Standing:
    """One wrong check breaks a stage; one that holds is needed to carry it."""
    outcomes = {check.ok for check in checks_of(detail.checks, stage)}
    if False in outcomes:
        return "broken"
    if True in outcomes:
        return "holds"
    state = detail.view.state
    if state in _OVER:
        return "none"
    there = {"draw": True, "result": bool(detail.commitment), "verdict": detail.verdict is not None}
    is_there = there.get(stage, detail.receipt is not None)
    return "unchecked" if is_there and state not in LIVE_JOB_STATES else "to come"


def chain_row(detail: JobDetail, width: int) -> Row:
    """`draw ✓ ── result · ── verdict ✗ ── receipt ✓ ── ledger ✓`."""
    bare = sum(len(stage) + 2 for stage in STAGES)
    link = max(1, min(LONGEST_LINK, (width - bare - 2) // (len(STAGES) - 1) - 2))
    spans: list[Span] = [Span(" ", "text")]
    for stage in STAGES:
        if stage != STAGES[0]:
            spans.append(Span(f" {'─' * link} ", "rule"))
        mark = MARKS[standing(stage, detail)]
        spans += [Span(f"{stage} ", "strong"), Span(mark.glyph, mark.ink)]
    return tuple(spans)


def tally_rows(detail: JobDetail, width: int) -> list[Row]:
    """How many checks were made here, how they came out, and that some could not be made."""
    wrong = [check for check in detail.checks if check.ok is False]
    held = sum(check.ok is True for check in detail.checks)
    open_ = [check for check in detail.checks if check.ok is None]
    if wrong:
        more = f" ({wrong[0].name})" if len(wrong) == 1 else f" (first {wrong[0].name})"
        words = f"{len(wrong)} of {held + len(wrong)} checks made on this machine failed{more}."
        return [row((" ✗ ", "bad"), (line, "bad")) if i == 0 else row("   " + line)
                for i, line in enumerate(wrap(words, width - 5, 2))]  # fmt: skip
    if not held:
        return [row((" · ", "dim"), ("Nothing could be checked on this machine yet.", "dim"))]
    words = f"{held} checks made on this machine, all right."
    if open_:
        words += f" {len(open_)} not made: see · below."
    return [row((" ✓ ", "good") if i == 0 else "   ", line)
            for i, line in enumerate(wrap(words, width - 5, 2))]  # fmt: skip


def check_rows(checks: Sequence[Check], width: int) -> list[Row]:
    """One row or more for each check: a tick means that it was made here and holds."""
    rows: list[Row] = []
    for check in checks:
        glyph, ink = CHECK_MARKS[check.ok]
        name = check.name.partition(": ")[2] or check.name
        words = check.sentence if check.ok is not None else f"Not checked. {check.sentence}"
        lines = wrap(words, max(10, width - 16), 4)
        quiet: Role = "dim" if check.ok is None else "bad" if check.ok is False else "text"
        rows.append(row((f" {glyph} ", ink), (f"{name[:11]:<12}", "strong"), (lines[0], quiet)))
        rows += [row(" " * 15, (line, quiet)) for line in lines[1:]]
    return rows
