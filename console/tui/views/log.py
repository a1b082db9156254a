"""The list of events, with what it shows and whether it follows."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.state import NOTES_KEPT, Note
from console.tui.rows import Row, row
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.jobs import titled
from console.tui.views.verdicts import note_row, stamp_cells

LEVEL_WORDS = {"all": "", "warnings": " · warnings and errors", "errors": " · errors"}


def log_title(listed: int, total: int, level: str) -> str:
    """`Events 214`, or `Events 12 of 214 · warnings and errors`."""
    count = f"{total:,}" if listed == total else f"{listed:,} of {total:,}"
    return f"Events {count}{LEVEL_WORDS[level]}"


def follow_word(pending: int, paused: bool, follow_key: str) -> str:
    """How the list stands to what happens now."""
    if not paused:
        return "following"
    if not pending:
        return f"‖ paused · {follow_key} follows"
    count = f"{pending:,}" if pending < NOTES_KEPT else f"{pending:,} or more"
    return f"‖ paused · {count} new · {follow_key} follows"


def events(
    listed: Sequence[Note], view: View, frame: Frame, offset_s: int, title: str, follows: str, empty: str
) -> list[Row]:
    """A window on the events, newest first."""
    seen = range(frame.top, min(len(listed), frame.top + frame.inner_height))
    wide, stamp = frame.inner_width, stamp_cells(listed, view.now_ms, offset_s)
    content = [note_row(listed[at], wide, offset_s, view.now_ms, at == frame.cursor, stamp) for at in seen]
    if not listed and view.known:
        content = [row(), row((f" {empty}", "dim"))]
    rows = framed(title, content, frame)
    if rows and view.known and not view.stale:
        rows[0] = titled(title, follows, frame)
    return rows
