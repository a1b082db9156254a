"""How the time was spent, further back: the days of a month by kind, and every spell with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.control.timeline import DayTime, Kind, Spell, kind_of
from console.protocol.reasons import CODES, label
from console.tui import reckoning
from console.tui.charts import EIGHTHS
from console.tui.figures import coarse, duration, percent
from console.tui.rows import Row, Span, fit, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.bars import label_line
from console.tui.views.calendar import moment, short_day
from console.tui.views.frame import Frame, framed
from console.tui.views.timeline import KINDS
from console.tui.views.why import fault_words

DAY_S = 86_400
DAYS = 30
OFF = ("The agent did not run.", "Start it with `quarterdeck agent start`; as a service it starts by itself.")


def month(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """The last 31 days: for each kind its share of each day."""
    title = f"The last {DAYS} days: the share of each day's 24 h"
    if not view.known:
        return framed(title, [], frame)
    days = {day.day: day for day in view.state.timeline.days}
    if not days:
        return framed(title, [row((" No day is recorded yet.", "dim"))], frame)
    last = reckoning.day_of(view.now_ms, zone_s)
    dates = [last.fromordinal(last.toordinal() - back) for back in range(DAYS - 1, -1, -1)]
    each = max(1, min(6, (frame.inner_width - 18) // DAYS))
    shown = [days.get(day.isoformat()) for day in dates]
    rows = [_kind_row(kind, shown, each) for kind in ("earning", "idle", "paused", "down")]
    rows.append(row((" " * 11 + label_line([short_day(day) for day in dates], each), "dim")))
    return framed(title, rows[: frame.inner_height], frame)


def _kind_row(kind: Kind, shown: Sequence[DayTime | None], each: int) -> Row:
    glyph, ink = KINDS[kind]
    seconds = [None if day is None else seconds_of(day, kind) for day in shown]
    fill = max(1, each - 1)
    drawn = "".join((_eighth(value) * fill).ljust(each) for value in seconds)
    there = [value for value in seconds if value is not None]
    share = percent(sum(there), DAY_S * len(there))
    return row((f" {glyph} ", ink), (text_fit(kind, 8), "text"), (drawn, ink), (f" {share}", "dim"))


def seconds_of(day: DayTime, kind: Kind) -> int:
    """Seconds of `kind` on that day; what is missing, the agent was off."""
    known = {"earning": day.earning_s, "idle": day.idle_s, "paused": day.paused_s, "down": day.down_s}
    return known[kind] if kind in known else max(0, DAY_S - sum(known.values()))


def _eighth(seconds: int | None) -> str:
    return EIGHTHS[max(1, min(8, -(-seconds * 8 // DAY_S)))] if seconds else " "


def listing(listed: Sequence[Spell], view: View, frame: Frame, zone_s: int) -> list[Row]:
    """A window on the spells, newest first."""
    if not view.known:
        return framed("Spells", [], frame)
    title = f"Spells {len(listed)}, newest first"
    if not listed:
        return framed(title, [row((" None is recorded yet.", "dim"))], frame)
    last = min(len(listed), frame.top + frame.inner_height)
    return framed(
        title,
        [
            _spell_row(listed[n], view, frame.inner_width, zone_s, n == frame.cursor)
            for n in range(frame.top, last)
        ],
        frame,
    )


def _spell_row(spell: Spell, view: View, width: int, zone_s: int, chosen: bool) -> Row:
    glyph, ink = KINDS[kind_of(spell.code)]
    length = (spell.until_ms or view.now_ms) - spell.since_ms
    spans = (
        Span("▸" if chosen else " ", "accent"),
        *row((text_fit(moment(spell.since_ms, view.now_ms, zone_s), 14), "dim"),
             (f"{coarse(length):>9}  ", "text"), (f"{glyph} ", ink),
             (text_fit(label(spell.code), 15), "strong"),
             (words_of(spell.code)[0] + ("" if spell.until_ms else "  It lasts."), "dim")),
    )  # fmt: skip
    line = fit(spans, width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def words_of(code: str) -> tuple[str, str]:
    """What a code means, and what to do."""
    if code == "off":
        return OFF
    _, sentence, remedy = CODES.get(code, ("", "A newer agent's reason that this console does not know.", ""))
    return sentence, remedy


def whole(spell: Spell, view: View, zone_s: int) -> tuple[str, Callable[[int], list[Row]]]:
    """A title, and what is known of one spell: when, what it means, whose fault it is, what to do."""
    sentence, remedy = words_of(spell.code)
    glyph, ink = KINDS[kind_of(spell.code)]
    now_ms = view.now_ms
    until = moment(spell.until_ms, now_ms, zone_s) if spell.until_ms else "now; it lasts"
    length = duration((spell.until_ms or now_ms) - spell.since_ms)
    parts = (
        ("From", f"{moment(spell.since_ms, now_ms, zone_s)} to {until}: {length}"),
        ("Meaning", sentence),
        ("To do", remedy or "Nothing."),
        ("Fault", fault_words(spell.code)),
    )

    def rows_for(width: int) -> list[Row]:
        rows: list[Row] = [row(), row((f"  {glyph} {kind_of(spell.code)}", ink)), row()]
        for name, text in parts:
            for n, line in enumerate(wrap(text, width - 14, 4)):
                rows.append(row((text_fit(f"  {name}" if n == 0 else "", 12), "dim"), line))
        return [*rows, row()]

    return label(spell.code), rows_for
