"""Jobs, one a row: what runs, what was answered, what it earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.control.state import LIVE_JOB_STATES, JobState, JobView
from console.ledger.figures import credits
from console.protocol.ids import short
from console.tui.figures import brief, coarse, duration, rate
from console.tui.rows import Role, Row, Span, clean, fit, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame, framed
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


class Column(NamedTuple):
    """One column: its head, cells, and the table's width from which on it is shown."""

    head: str
    width: int
    from_width: int = 0


COLUMNS = (
    Column("JOB", 7),
    Column("STATE", 11),
    Column("TOKENS", 9),
    Column("TOK/S", 6),
    Column("DRAW", 9, 44),
    Column("EARNED", 11, 55),
    Column("AGE", 9, 64),
    Column("PROMPT", 8, 72),
    Column("FIRST", 9, 84),
    Column("VERDICT", 13, 98),
)


def shown_columns(width: int) -> list[Column]:
    """The columns that a table of `width` has room for; the least needed give way first."""
    return [column for column in COLUMNS if width >= column.from_width]


def head_row(width: int) -> Row:
    """The heads over the columns."""
    return row(("  ", "dim"), *((f"{column.head:<{column.width}}", "dim") for column in shown_columns(width)))


def job_row(job: JobView, now_ms: int, width: int, chosen: bool) -> Row:
    """One job; `chosen` where the cursor is."""
    spans = [Span("▸ " if chosen else "  ", "accent")]
    for column in shown_columns(width):
        text, role = _cell(column.head, job, now_ms)
        spans.append(Span(text_fit(text, column.width - 1) + " ", role))
    line = fit(tuple(spans), width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def _cell(head: str, job: JobView, now_ms: int) -> tuple[str, Role]:
    live = job.state in LIVE_JOB_STATES
    quiet: Role = "text" if live else "dim"
    match head:
        case "JOB":
            return short(job.job), "strong" if live else "text"
        case "STATE":
            glyph, ink = STATE_INK.get(job.state, ("·", "text"))
            return f"{glyph} {job.state}", ink
        case "TOKENS":
            return _tokens(job), quiet
        case "TOK/S":
            return rate(job.tokens_per_s_milli), quiet
        case "DRAW":
            return _draw(job), "bad" if job.draw_ok is False else quiet
        case "EARNED":
            return _earned(job, now_ms), "bad" if job.penalty else quiet
        case "PROMPT":
            return (f"{job.prompt_tokens:,}" if job.prompt_tokens else "—"), quiet
        case "FIRST":
            return brief(job.first_token_ms), quiet
        case "VERDICT":
            return (MODE_WORDS.get(job.mode, job.mode) if job.mode else "—"), quiet
    return coarse(now_ms - job.received_ms), quiet


def _tokens(job: JobView) -> str:
    return f"{job.tokens:,}/{job.max_tokens:,}" if job.max_tokens else f"{job.tokens:,}"


def _draw(job: JobView) -> str:
    chance = f"1 of {job.roster_size:,}" if job.roster_size else "—"
    mark = {True: " ✓", False: " ✗", None: ""}[job.draw_ok]
    return chance + mark


def _earned(job: JobView, now_ms: int) -> str:
    if job.penalty:
        return credits(-job.penalty)
    if job.state in LIVE_JOB_STATES:
        return f"{duration(job.lease_until_ms - now_ms)} left" if job.lease_until_ms else "—"
    return credits(job.reward, sign=True) if job.reward else "—"


def in_order(jobs: Sequence[JobView]) -> list[JobView]:
    """Live ones first, running before waiting, then the rest; newest first within each."""
    rank = {"running": 0, "result": 1, "queued": 2}
    return sorted(jobs, key=lambda job: (rank.get(job.state, 3), -job.received_ms, job.job))


def matches(job: JobView, words: str) -> bool:
    """Whether every word of a filter fits `job`: in its id, state, mode, fault or sentence; `!` inverts."""
    text = (
        f"{job.job} {job.state} {job.mode or ''} {job.outcome or ''} {job.fault or ''} {job.sentence}".lower()
    )
    for word in words.lower().split():
        wanted = not word.startswith("!")
        if ((word.lstrip("!") in text) is not wanted) and word != "!":
            return False
    return True


def listing(jobs: Sequence[JobView], view: View, frame: Frame, title: str, empty: str) -> list[Row]:
    """A window on `jobs` under their heads."""
    wide = frame.inner_width
    content = [head_row(wide)]
    room = max(0, frame.inner_height - 1)
    for index in range(frame.top, min(len(jobs), frame.top + room)):
        content.append(job_row(jobs[index], view.now_ms, wide, index == frame.cursor))
    if not jobs:
        content = [row(), row((f" {clean(empty)}", "dim"))]
    return framed(title, content, frame)


def live_title(view: View) -> str:
    """`Live jobs 3`, or `Jobs` when none is alive."""
    live = sum(1 for job in view.state.jobs if job.state in LIVE_JOB_STATES)
    return f"Live jobs {live}" if live else "Jobs"


def live(jobs: Sequence[JobView], view: View, frame: Frame) -> list[Row]:
    """The Deck's jobs."""
    return listing(jobs, view, frame, live_title(view), _why_empty(view))


def _why_empty(view: View) -> str:
    if not view.known:
        return ""
    if view.state.switches.paused:
        return "Paused: no work is taken. Press p to go on."
    if view.state.engine.state != "ready":
        return "No job yet: the engine is not ready."
    if view.state.network.state != "connected":
        return "No job yet: the network is not connected."
    return "Waiting for the first draw that falls on this node."
