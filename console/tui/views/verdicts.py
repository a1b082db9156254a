"""The stream of verdicts and the stream of events."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.state import Note, VerdictView
from console.protocol.ids import short
from console.tui.figures import coarse
from console.tui.reckoning import day_of
from console.tui.rows import Role, Row, Span, fit, row, text_fit, width_of, wrap
from console.tui.store import View
from console.tui.views.calendar import moment
from console.tui.views.frame import Frame, framed
from console.tui.views.statistics import in_windows
from console.tui.views.words import MODE_WORDS

MODE_CELLS = 11
"""Of the longest word for a mode; where there is room, what was checked stands in a column of its own."""


def verdict_row(verdict: VerdictView, now_ms: int, width: int, chosen: bool) -> Row:
    """`✓ 5be1f0 exact 128/128`, with more words where there is room."""
    good = verdict.outcome == "accepted"
    ink: Role = "good" if good else "bad"
    mode = MODE_WORDS.get(verdict.mode, verdict.mode)
    checked, age = _checked(verdict), f" {coarse(now_ms - verdict.at_ms)} " if width >= 40 else ""
    spans = [Span("▸" if chosen else " ", "accent"), Span("✓ " if good else "✗ ", ink)]
    spans.append(Span(f"{text_fit(short(verdict.job), 6)} ", "text"))
    if width >= 40:
        spans.append(Span(f"{verdict.outcome} ", ink))
    room = width - width_of(spans) - len(age) - len(checked) - 1
    if good and width >= 34 and room >= MODE_CELLS:
        mode = text_fit(mode, MODE_CELLS)
    spans.append(Span(f"{mode} ", "dim" if good else "bad"))
    spans.append(Span(checked, "text" if good else "bad"))
    line = (*fit(tuple(spans), width - len(age)), *row((age, "dim")))
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def _checked(verdict: VerdictView) -> str:
    if verdict.outcome == "rejected" and verdict.first_mismatch >= 0:
        return f"tok {verdict.first_mismatch}"
    if verdict.mode in ("not_audited", "structure", "abstained"):
        return ""
    if in_windows(verdict):
        return f"{verdict.positions} of {verdict.tokens_checked}"
    return f"{verdict.tokens_checked - verdict.mismatches}/{verdict.tokens_checked}"


def verdicts(listed: Sequence[VerdictView], view: View, frame: Frame) -> list[Row]:
    """The newest verdicts."""
    wide = frame.inner_width
    content: list[Row] = []
    for index in range(frame.top, min(len(listed), frame.top + frame.inner_height)):
        content.append(verdict_row(listed[index], view.now_ms, wide, index == frame.cursor))
    if not listed and view.known:
        content = [row(), row((" none yet", "dim"))]
    return framed("Verdicts", content, frame)


_LEVELS: dict[str, tuple[str, Role]] = {
    "info": ("·", "dim"),
    "good": ("✓", "good"),
    "warning": ("!", "warn"),
    "error": ("✗", "bad"),
}


def stamp_cells(listed: Sequence[Note], now_ms: int, offset_s: int) -> int:
    """Room for a time of day; for the day too, once the oldest that is listed is not of today."""
    old = bool(listed) and day_of(listed[-1].at_ms, offset_s) != day_of(now_ms, offset_s)
    return len("22 Nov 13:48") if old else len("13:48:07")


def note_row(note: Note, width: int, offset_s: int, now_ms: int, chosen: bool = False, stamp: int = 8) -> Row:
    """One event: time, in `stamp` cells, level, where from, what."""
    glyph, ink = _LEVELS.get(note.level, ("·", "text"))
    line = row(
        ("▸" if chosen else " ", "accent"),
        (text_fit(moment(note.at_ms, now_ms, offset_s), stamp) + " ", "dim"),
        (f"{glyph} ", ink),
        (text_fit(note.room, 9) + " ", "dim"),
        (note.text, "strong" if note.level == "error" else "text"),
    )
    line = fit(line, width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def whole_note(note: Note | None, frame: Frame, offset_s: int, now_ms: int) -> list[Row]:
    """One event with all of its words, which a list has to cut."""
    if note is None:
        return framed("", [], frame)
    lines = wrap(note.text, frame.inner_width - 2, max(1, frame.inner_height))
    rows = [row((f" {line}", "strong" if note.level == "error" else "text")) for line in lines]
    return framed(f"{moment(note.at_ms, now_ms, offset_s)} {note.room}", rows, frame)


def notes(
    listed: Sequence[Note], view: View, frame: Frame, offset_s: int, title: str = "Events"
) -> list[Row]:
    """The newest events."""
    wide, stamp = frame.inner_width, stamp_cells(listed, view.now_ms, offset_s)
    content = [
        note_row(listed[index], wide, offset_s, view.now_ms, index == frame.cursor, stamp)
        for index in range(frame.top, min(len(listed), frame.top + frame.inner_height))
    ]
    if not listed and view.known:
        content = [row(), row((" Nothing has happened yet.", "dim"))]
    return framed(title, content, frame)
