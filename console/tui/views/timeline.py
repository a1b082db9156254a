"""How the last day was spent: a strip of cells, its hours and its legend."""

from __future__ import annotations

from itertools import groupby

from console.control.timeline import LETTERS, MINUTES_KEPT, Kind
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
MINUTE_MS = 60_000
MINUTES_IN_CELL = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 40, 60, 120, 240)


WINDOWS = {60: "hour", 180: "3 hours", 360: "6 hours", 720: "12 hours", MINUTES_KEPT: "24 hours"}
"""Lengths of time that a strip shows, in minutes, and their names."""
LABEL_STEPS = (5, 10, 15, 30, 60, 120, 180, 360)
LABEL_CELLS = 9


def window_of(minutes: str) -> int:
    """The shortest window that holds every minute in which the agent ran: a young node's first minutes would
    be lost in a day."""
    if not minutes.strip():
        return MINUTES_KEPT
    lived = len(minutes.lstrip(LETTERS["off"] + " "))
    return next((window for window in WINDOWS if lived <= window), MINUTES_KEPT)


def minutes_in_cell(width: int, window: int = MINUTES_KEPT) -> int:
    """How many minutes a cell covers, so that `window` minutes fit into `width` cells."""
    return next((n for n in MINUTES_IN_CELL if window % n == 0 and window // n <= width), window)


def shown_letter(minutes: str) -> str:
    """What stands for some minutes: down if any of them was, else what held longest; blank if unknown."""
    if LETTERS["down"] in minutes:
        return LETTERS["down"]
    known = [letter for letter in minutes if letter in OF_LETTER]
    return max(known, key=lambda letter: (known.count(letter), letter)) if known else " "


def cells(minutes: str, width: int, window: int = MINUTES_KEPT) -> str:
    """One letter a cell for the newest `window` of `minutes`, newest at the right; blank before the first."""
    size = minutes_in_cell(width, window)
    whole = minutes[-window:].rjust(window)
    return "".join(shown_letter(whole[at : at + size]) for at in range(0, window, size))


def strip_row(letters: str) -> Row:
    """Cells as glyphs, one span for each run."""
    spans: list[Span] = []
    for letter, run in groupby(letters):
        glyph, ink = KINDS[OF_LETTER[letter]] if letter in OF_LETTER else (" ", "dim")
        spans.append(Span(glyph * len(list(run)), ink))
    return tuple(spans)


def hours_row(count: int, end_ms: int, zone_s: int, window: int = MINUTES_KEPT) -> Row:
    """Times of day under `count` cells that cover `window` minutes and end at `end_ms`."""
    each_ms = window * MINUTE_MS // count
    step = next((n for n in LABEL_STEPS if n * MINUTE_MS >= LABEL_CELLS * each_ms), LABEL_STEPS[-1])
    line = [" "] * (count + 1)
    local_ms = end_ms + zone_s * 1000
    last = local_ms // (step * MINUTE_MS)
    for mark in range(last - window // step, last + 1):
        place = count - -(-(local_ms - mark * step * MINUTE_MS) // each_ms)
        text = f"{mark * step // 60 % 24:02d}:{mark * step % 60:02d}"
        if place >= 0 and place + len(text) <= count:
            line[place : place + len(text)] = text
    return row(("".join(line).rstrip(), "dim"))


def legend(minutes: str, *, times: bool) -> Row:
    """Every kind's glyph and word, with the time that it took of `minutes` where there is room."""
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
    """The last day, or as much of it as the agent has lived."""
    timeline = view.state.timeline
    wide, window = frame.inner_width - 2, window_of(timeline.minutes)
    named = f"Last {WINDOWS[window]}"
    if not timeline.minutes.strip():
        return framed(named, [row((" No minute is recorded yet.", "dim"))] * view.known, frame)
    title = f"{named} · a cell is {minutes_in_cell(wide, window)} min"
    if frame.width >= 80:
        title += ": × if any was down, else what held longest"
    letters = cells(timeline.minutes, wide, window)
    rows = [
        row(" ") + strip_row(letters),
        row(" ") + hours_row(len(letters), timeline.end_ms, zone_s, window),
        row(" ") + legend(timeline.minutes[-window:], times=wide >= 74),
    ]
    return framed(title, rows * view.known, frame)


def deck_strip(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """The same for the Deck: its legend stands in the title's row."""
    timeline = view.state.timeline
    window = window_of(timeline.minutes)
    named = f"Last {WINDOWS[window]}"
    if not view.known or not timeline.minutes.strip():
        return framed(named, [row((" No minute is recorded yet.", "dim"))] * view.known, frame)
    letters = cells(timeline.minutes, frame.inner_width - 2, window)
    words = "  ".join(f"{glyph} {kind}" for kind, (glyph, _) in KINDS.items())
    rows = [
        row(" ") + strip_row(letters),
        row(" ") + hours_row(len(letters), timeline.end_ms, zone_s, window),
    ]
    return framed(f"{named} · {words}", rows, frame)
