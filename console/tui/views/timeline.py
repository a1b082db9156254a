"""How the last day was spent: a strip of cells, its hours and its legend."""

from __future__ import annotations

from itertools import groupby

from console.control.timeline import LETTERS, MINUTES_KEPT, Kind
from console.tui import reckoning
from console.tui.rows import Role, Row, Span, row
from console.tui.store import View
from console.tui.views.frame import Frame, framed

KINDS: dict[Kind, tuple[str, Role]] = {
    "earning": ("█", "good"),
    "idle": ("▄", "bar"),
    "paused": ("‖", "warn"),
    "down": ("×", "bad"),
    "off": ("·", "dim"),
}
"""Glyph and ink of each kind; no two glyphs have the same stand-in in ASCII."""
OF_LETTER: dict[str, Kind] = {letter: kind for kind, letter in LETTERS.items()}
MINUTES_IN_CELL = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 40, 60, 120, 240)


def minutes_in_cell(width: int) -> int:
    """How many minutes a cell covers, so that a whole day fits into `width` cells."""
    return next((n for n in MINUTES_IN_CELL if MINUTES_KEPT // n <= width), MINUTES_KEPT)


def shown_letter(minutes: str) -> str:
    """What stands for some minutes: down if any of them was, else what held longest; blank if unknown."""
    if LETTERS["down"] in minutes:
        return LETTERS["down"]
    known = [letter for letter in minutes if letter in OF_LETTER]
    return max(known, key=lambda letter: (known.count(letter), letter)) if known else " "


def cells(minutes: str, width: int) -> str:
    """One letter a cell for the newest day of `minutes`, newest at the right; blank before the first."""
    size = minutes_in_cell(width)
    whole = minutes[-MINUTES_KEPT:].rjust(MINUTES_KEPT)
    return "".join(shown_letter(whole[at : at + size]) for at in range(0, MINUTES_KEPT, size))


def strip_row(letters: str) -> Row:
    """Cells as glyphs, one span for each run."""
    spans: list[Span] = []
    for letter, run in groupby(letters):
        glyph, ink = KINDS[OF_LETTER[letter]] if letter in OF_LETTER else (" ", "dim")
        spans.append(Span(glyph * len(list(run)), ink))
    return tuple(spans)


def hours_row(count: int, end_ms: int, zone_s: int) -> Row:
    """Times of day under `count` cells that end at `end_ms`: every third or sixth hour."""
    each_ms = reckoning.DAY_MS // count
    every = 3 if count >= 64 else 6
    line = [" "] * (count + 1)
    local_ms = end_ms + zone_s * 1000
    last = local_ms // reckoning.HOUR_MS
    for hour in range(last - 23, last + 1):
        if hour % every == 0:
            place = count - -(-(local_ms - hour * reckoning.HOUR_MS) // each_ms)
            text = f"{hour % 24:02d}:00"
            if place >= 0 and place + len(text) <= count:
                line[place : place + len(text)] = text
    return row(("".join(line).rstrip(), "dim"))


def legend(minutes: str, *, times: bool) -> Row:
    """Every kind's glyph and word, with the time that it took where there is room."""
    spans: list[Span] = []
    for kind, (glyph, ink) in KINDS.items():
        spans += [Span(f"{glyph} ", ink), Span(kind, "text")]
        if times:
            spans.append(Span(f" {_hours(minutes.count(LETTERS[kind]) * 60)}", "dim"))
        spans.append(Span("  ", "dim"))
    return tuple(spans[:-1])


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds // 60} min"


def strip(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """The last 24 hours."""
    timeline = view.state.timeline
    wide = frame.inner_width - 2
    size = minutes_in_cell(wide)
    title = f"Last 24 hours · a cell is {size} min: × if any was down, else what held longest"
    if frame.width < 80:
        title = f"Last 24 hours · a cell is {size} min"
    if not view.known:
        return framed("Last 24 hours", [], frame)
    if not timeline.minutes.strip():
        return framed("Last 24 hours", [row((" No minute is recorded yet.", "dim"))], frame)
    letters = cells(timeline.minutes, wide)
    rows = [
        row(" ") + strip_row(letters),
        row(" ") + hours_row(len(letters), timeline.end_ms, zone_s),
        row(" ") + legend(timeline.minutes, times=wide >= 74),
    ]
    return framed(title, rows, frame)


def deck_strip(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """The same for the Deck: its legend stands in the title's row."""
    if not view.known or not view.state.timeline.minutes.strip():
        return framed("Last 24 hours", [row((" No minute is recorded yet.", "dim"))] * view.known, frame)
    letters = cells(view.state.timeline.minutes, frame.inner_width - 2)
    words = "  ".join(f"{glyph} {kind}" for kind, (glyph, _) in KINDS.items())
    rows = [
        row(" ") + strip_row(letters),
        row(" ") + hours_row(len(letters), view.state.timeline.end_ms, zone_s),
    ]
    return framed(f"Last 24 hours · {words}", rows, frame)
