"""Days as bars: today beside other days, a week with its amounts, a month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from console.control.earnings import DayView
from console.ledger.figures import credits
from console.tui import reckoning
from console.tui.charts import ceiling
from console.tui.rows import Row, row
from console.tui.store import View
from console.tui.views.bars import Bar, lying, upright
from console.tui.views.calendar import short_day, week_day
from console.tui.views.frame import Frame, framed

RANGES = (1, 7, 30)
_NONE = [row((" No day has an entry yet.", "dim"))]
RANGE_WORDS = {1: "today", 7: "the last 7 days", 30: "the last 30 days"}


def days_in(view: View, zone_s: int, count: int) -> tuple[DayView | None, ...]:
    """The entries of the last `count` days, oldest first."""
    return reckoning.window(view.state.earnings.days, reckoning.day_of(view.now_ms, zone_s), count)


def bars(view: View, frame: Frame, zone_s: int, count: int) -> list[Row]:
    """The range as bars, a day each; of today there is but one, so it stands beside others."""
    if count == 1:
        return today(view, frame, zone_s)
    title = f"Earned on each of {RANGE_WORDS[count]}"
    if not view.known:
        return framed(title, [], frame)
    entries = days_in(view, zone_s, count)
    if not any(entries):
        return framed(title, _NONE, frame)
    return framed(title + _legend(entries), _day_bars(entries, view, frame, zone_s), frame)


def today(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """Today, yesterday, what a day of work brings, and the best one."""
    title = "Today beside days with work"
    if not view.known:
        return framed(title, [], frame)
    known = any(days_in(view, zone_s, 30))
    return framed(title, _today_bars(view, frame, zone_s) if known else _NONE, frame)


def _legend(entries: Sequence[DayView | None]) -> str:
    words = " · ✗ a penalty" if any(day is not None and day.penalised for day in entries) else ""
    return words + (" · gap: no entry" if None in entries else "")


def _day_bars(entries: Sequence[DayView | None], view: View, frame: Frame, zone_s: int) -> list[Row]:
    last = reckoning.day_of(view.now_ms, zone_s).toordinal()
    few = len(entries) <= 7
    drawn = []
    for back, day in zip(range(len(entries) - 1, -1, -1), entries, strict=True):
        there = date.fromordinal(last - back)
        label = week_day(there) if few else short_day(there)
        drawn.append(_bar(label, day, words=few))
    top = ceiling([bar.value or 0 for bar in drawn], 1_000)
    return upright(drawn, frame.inner_width, frame.inner_height, top, credits(top))


def _bar(label: str, day: DayView | None, *, words: bool) -> Bar:
    if day is None:
        return Bar(label, None, "—" if words else "")
    return Bar(label, day.earned, credits(day.earned) if words else "", day.penalised > 0)


def _today_bars(view: View, frame: Frame, zone_s: int) -> list[Row]:
    before, now = days_in(view, zone_s, 2)
    drawn = [_bar("Today", now, words=True), _bar("Yesterday", before, words=True)]
    for count in (7, 30):
        some = [day for day in days_in(view, zone_s, count + 1)[:-1] if reckoning.worked(day)]
        mean = reckoning.total(some).earned // len(some) if some else None
        words = "—" if mean is None else credits(mean)
        drawn.append(Bar(f"{count} days, mean", mean, words))
    best = max((day.earned for day in days_in(view, zone_s, 30) if day is not None), default=None)
    drawn.append(Bar("30 days, best", best, "—" if best is None else credits(best)))
    top = ceiling([bar.value or 0 for bar in drawn], 1_000)
    return lying(drawn, frame.inner_width, frame.inner_height, top)
