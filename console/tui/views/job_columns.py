"""The columns of a table of jobs: head, cell, what it sorts by, and how wide a table must be to show it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from console.control.state import LIVE_JOB_STATES, JobState, JobView
from console.ledger.figures import credits
from console.protocol.ids import short
from console.tui.figures import brief, coarse, duration, rate
from console.tui.job_order import SortValue, by_arrival
from console.tui.rows import Role, text_fit
from console.tui.views.words import MODE_WORDS

STATE_INK: dict[JobState, tuple[str, Role]] = {
    "queued": ("○", "accent"),
    "running": ("●", "good"),
    "result": ("●", "accent"),
    "answered": ("◌", "text"),
    "accepted": ("✓", "good"),
    "rejected": ("✗", "bad"),
    "failed": ("!", "warn"),
    "cancelled": ("−", "dim"),
    "stale": ("−", "dim"),
}
_STATES = tuple(STATE_INK)
DRAW_CELLS = 8
WIDE = 68
"""From so many cells on no word of a state and no count has to be cut."""
CALM_LEASE_MS = 30_000
"""A lease that has longer than this is told in steps of 10 s: only what is urgent ticks."""
LONG_MS = 120_000
"""From so long on a job's seconds are told in minutes."""

Cell = tuple[str, Role]


class Told(NamedTuple):
    """What the time makes of a job: it changes a row as much as the job itself does."""

    age: str
    lease: str


def told(job: JobView, now_ms: int) -> Told:
    """How long ago the job came; what is left of its lease while it is live."""
    age = coarse(now_ms - job.received_ms)
    if job.state not in LIVE_JOB_STATES or not job.lease_until_ms:
        return Told(age, "—")
    left_ms = job.lease_until_ms - now_ms
    return Told(age, f"{duration(left_ms // 10_000 * 10_000 if left_ms > CALM_LEASE_MS else left_ms)} left")


class Column(NamedTuple):
    """One column; `width` 0: all that is left. `value` sorts first what operators look for."""

    head: str
    width: int
    from_width: int
    cell: Callable[[JobView, Told], Cell]
    value: SortValue
    right: bool = False
    """Figures stand at the right end of their column, so that their digits can be compared."""
    more: int = 0
    """Cells more from WIDE on."""


def _quiet(job: JobView) -> Role:
    return "text" if job.state in LIVE_JOB_STATES else "dim"


def _state(job: JobView, told: Told) -> Cell:
    glyph, ink = STATE_INK.get(job.state, ("·", "text"))
    return f"{glyph} {job.state}", ink


def _tokens(job: JobView, told: Told) -> Cell:
    return f"{job.tokens}/{job.max_tokens}" if job.max_tokens else f"{job.tokens}", _quiet(job)


def _draw(job: JobView, told: Told) -> Cell:
    mark = {True: "✓", False: "✗", None: ""}[job.draw_ok]
    text = f"1 of {job.roster_size} {mark}" if job.roster_size else f"— {mark}"
    if len(text) > DRAW_CELLS:
        text = f"1/{job.roster_size}{mark}"
    return text, "bad" if job.draw_ok is False else _quiet(job)


def _earned(job: JobView, told: Told) -> Cell:
    if job.penalty:
        return credits(-job.penalty), "bad"
    if job.state in LIVE_JOB_STATES:
        return told.lease, "text"
    return credits(job.reward, sign=True) if job.reward else "—", "dim"


def _prompt(job: JobView, told: Told) -> Cell:
    return f"{job.prompt_tokens:,}" if job.prompt_tokens else "—", _quiet(job)


def _verdict(job: JobView, told: Told) -> Cell:
    return MODE_WORDS.get(job.mode, job.mode) if job.mode else "—", _quiet(job)


def _took_ms(job: JobView) -> int:
    return max(0, job.ended_ms - job.started_ms) if job.ended_ms and job.started_ms else 0


def _took(job: JobView, told: Told) -> Cell:
    took_ms = _took_ms(job)
    return brief(took_ms) if took_ms < LONG_MS else duration(took_ms), _quiet(job)


def _what(job: JobView, told: Told) -> Cell:
    fault = f" ({job.fault}'s fault)" if job.fault and job.fault != "nobody" else ""
    return f"{job.sentence}{fault if job.sentence else ''}", "text" if job.penalty else "dim"


COLUMNS = (
    Column("JOB", 7, 0, lambda job, _: (short(job.job), "strong" if _quiet(job) == "text" else "text"),
           lambda job: job.job),
    Column("STATE", 11, 0, _state, lambda job: _STATES.index(job.state), more=1),
    Column("TOKENS", 9, 0, _tokens, lambda job: -job.tokens, True, 1),
    Column("TOK/S", 6, 0, lambda job, _: (rate(job.tokens_per_s_milli), _quiet(job)),
           lambda job: -job.tokens_per_s_milli, True, 1),
    Column("DRAW", 9, 44, _draw, lambda job: -job.roster_size),
    Column("EARNED", 11, 55, _earned, lambda job: job.penalty - job.reward, True, 1),
    Column("AGE", 9, WIDE, lambda job, told: (told.age, _quiet(job)),
           lambda job: -job.received_ms, True),
    Column("PROMPT", 8, 76, _prompt, lambda job: -job.prompt_tokens, True),
    Column("FIRST", 8, 84, lambda job, _: (brief(job.first_token_ms), _quiet(job)),
           lambda job: -job.first_token_ms, True),
    Column("VERDICT", 13, 97, _verdict, lambda job: job.mode or "~"),
    Column("TOOK", 8, 105, _took, lambda job: -_took_ms(job), True),
    Column("TRY", 5, 110, lambda job, _: (f"{job.attempt:,}", _quiet(job)), lambda job: -job.attempt, True),
    Column("WHAT HAPPENED", 0, 140, _what, lambda job: (job.sentence or "~").lower()),
)  # fmt: skip
"""The least needed give way first. What is not known sorts last."""
BY_HEAD = {column.head: column for column in COLUMNS}


@lru_cache(maxsize=64)
def shown_columns(width: int) -> tuple[Column, ...]:
    """The columns that a table of `width` has room for."""
    return tuple(
        column._replace(width=column.width + column.more) if width >= WIDE else column
        for column in COLUMNS
        if width >= column.from_width
    )


def placed(text: str, column: Column, room: int, last: bool = False) -> str:
    """`text` in `room` cells, the last one free but in the last column; figures at the right.

    A count that does not fit beside its limit stands alone: half a number would be another number.
    """
    free = 0 if last else 1
    if column.right and len(text) > room - free:
        text = text.partition("/")[0]
    fitted = text_fit(text, room - free)
    return (f"{fitted.rstrip():>{room - free}}" if column.right else fitted) + " " * free


def sort_value(head: str) -> SortValue:
    """What the column `head` sorts by; without a head, the order in which jobs came."""
    return BY_HEAD[head].value if head in BY_HEAD else by_arrival
