"""Jobs, one a row: what runs, what was answered, what it earned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from console.control.state import JobView
from console.tui.rows import Row, Span, clean, fit, row, rule, width_of
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.job_columns import STATE_INK as STATE_INK
from console.tui.views.job_columns import Told, placed, shown_columns, told

ROWS_KEPT = 512
"""Drawn rows that are kept; more than a screen has, twice over for the cursor."""


def head_row(width: int, sort: str = "", reverse: bool = False) -> Row:
    """The heads over the columns, with a mark at the one that they are sorted by."""
    spans = [Span("  ", "dim")]
    left = width - 2
    columns = shown_columns(width)
    for column in columns:
        mark = ("▴" if reverse else "▾") if column.head == sort else ""
        room = column.width or left
        last = column is columns[-1]
        head = column.head[: max(0, room - (not last) - len(mark))] + mark
        spans.append(Span(placed(head, column, room, last), "accent" if mark else "dim"))
        left -= room
    return fit(tuple(spans), width, "dim")


def head_at(width: int, x: int) -> str:
    """The head of the column that stands `x` cells from the left; empty beside them all."""
    at = 2
    for column in shown_columns(width):
        end = at + (column.width or max(0, width - at))
        if at <= x < end:
            return column.head
        at = end
    return ""


def job_row(job: JobView, now_ms: int, width: int, chosen: bool) -> Row:
    """One job; `chosen` where the cursor is."""
    return _drawn(job, told(job, now_ms), width, chosen)


@lru_cache(maxsize=ROWS_KEPT)
def _drawn(job: JobView, when: Told, width: int, chosen: bool) -> Row:
    spans = [Span("▸ " if chosen else "  ", "accent")]
    left = width - 2
    columns = shown_columns(width)
    for column in columns:
        text, role = column.cell(job, when)
        room = column.width or left
        spans.append(Span(placed(text, column, room, column is columns[-1]), role))
        left -= room
    line = fit(tuple(spans), width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def listing(
    jobs: Sequence[JobView],
    view: View,
    frame: Frame,
    title: str,
    empty: str,
    *,
    sort: tuple[str, bool] = ("", False),
    position: bool = False,
) -> list[Row]:
    """A window on `jobs` under their heads; with `position`, it is said which of them are seen."""
    wide = frame.inner_width
    room = max(0, frame.inner_height - 1)
    seen = range(frame.top, min(len(jobs), frame.top + room))
    content = [head_row(wide, *sort)]
    content += [job_row(jobs[index], view.now_ms, wide, index == frame.cursor) for index in seen]
    if not jobs:
        content = [row(), row((f" {clean(empty)}", "dim"))]
    rows = framed(title, content, frame)
    if position and len(seen) < len(jobs) and not frame.roomy:
        rows[0] = titled(title, f"{seen.start + 1:,}–{seen.stop:,} of {len(jobs):,}", frame)
    return rows


def titled(title: str, right: str, frame: Frame) -> Row:
    """A rule with a title at its left end and `right` at the other."""
    tail = row((f" {right} ", "dim"), ("─", "rule"))
    return (
        *fit(rule(title, frame.width - width_of(tail), focus=frame.focus), frame.width - width_of(tail)),
        *tail,
    )


def live_title(view: View) -> str:
    """`Live jobs 3`, or `Jobs` when none is alive."""
    live = view.book.live_count
    return f"Live jobs {live:,}" if live else "Jobs"


def live(jobs: Sequence[JobView], view: View, frame: Frame) -> list[Row]:
    """The Deck's jobs."""
    return listing(jobs, view, frame, live_title(view), why_empty(view))


def why_empty(view: View) -> str:
    """Why there is no job yet, as far as this machine knows."""
    if not view.known:
        return ""
    if view.state.switches.paused:
        return "Paused: no work is taken. Press p to go on."
    if view.state.engine.state != "ready":
        return "No job yet: the engine is not ready."
    if view.state.network.state != "connected":
        return "No job yet: the network is not connected."
    return "Waiting for the first draw that falls on this node."
