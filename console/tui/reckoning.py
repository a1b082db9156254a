"""What days of work add up to: sums, rates, costs, and what may be expected of them. Pure.

Amounts are integer nano-credits, prices integer millionths of the operator's currency. What cannot be
known from what there is comes back as None, or as the count that falls short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from console.control.earnings import DayView, PowerView
from console.ledger.figures import CREDIT

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
BASIS_DAYS = 30
"""An estimate looks back so many whole days."""
WORKED_DAYS_NEEDED = 3
"""With fewer days of work among them there is no estimate."""
LEAST_MS = 5 * 60_000
"""A pace that was held for less is none."""
MILLIWATT_HOURS = 1_000_000
"""In one kilowatt hour."""
_EPOCH = date(1970, 1, 1).toordinal()
_COUNTS = tuple(name for name in DayView.__struct_fields__ if name != "day")


def day_of(at_ms: int, zone_s: int) -> date:
    """The calendar day of `at_ms` where clocks are `zone_s` seconds ahead of UTC."""
    return date.fromordinal(_EPOCH + (at_ms + zone_s * 1000) // DAY_MS)


def window(days: Iterable[DayView], last: date, count: int) -> tuple[DayView | None, ...]:
    """The `count` days up to `last`, oldest first; None for a day without an entry."""
    known = {day.day: day for day in days}
    first = last.toordinal() - count + 1
    return tuple(known.get(date.fromordinal(first + n).isoformat()) for n in range(count))


def total(days: Iterable[DayView | None]) -> DayView:
    """Everything of `days` added up; its `day` is empty."""
    there = [day for day in days if day is not None]
    return DayView("", *(sum(getattr(day, name) for day in there) for name in _COUNTS))


def worked(day: DayView | None) -> bool:
    """Whether anything was worked on that day."""
    return day is not None and (day.worked_ms > 0 or day.jobs > 0)


def net_of(day: DayView) -> int:
    """Earned less penalised, nano-credits."""
    return day.earned - day.penalised


def per_hour(nano: int, ms: int) -> int | None:
    """Nano-credits in an hour at the pace of `nano` in `ms`; None for a time too short to tell."""
    return nano * HOUR_MS // ms if ms >= LEAST_MS else None


def cost_micro(energy_mwh: int, power: PowerView) -> int | None:
    """What the electricity cost, millionths of the currency, rounded up; None where the price or the power
    is not known."""
    if power.source == "unknown" or power.price_micro <= 0:
        return None
    return -(-energy_mwh * power.price_micro // MILLIWATT_HOURS)


def worth_micro(nano: int, power: PowerView) -> int | None:
    """What credits are worth, millionths of the currency, rounded down; None unless the operator said."""
    return nano * power.credit_micro // CREDIT if power.credit_micro > 0 else None


class Estimate(NamedTuple):
    """What the month may come to, and what that rests on."""

    nano: int
    """Net nano-credits from the first of the month to its end."""
    worked_days: int
    """Days with work in the basis."""
    of_days: int
    """Days of the basis: whole days, from the first known one on, not counting today."""
    online_ms: int
    """Mean time online on a day of the basis."""


def month_end(days: Sequence[DayView], now_ms: int, zone_s: int) -> Estimate | int:
    """What this month may come to if it goes on as in the last whole days; days off count as days.

    The number of days with work instead, when they are fewer than `WORKED_DAYS_NEEDED`.
    """
    today = day_of(now_ms, zone_s)
    before = window(days, date.fromordinal(today.toordinal() - 1), BASIS_DAYS)
    first = next((n for n, day in enumerate(before) if day is not None), len(before))
    basis = before[first:]
    count = sum(map(worked, basis))
    if count < WORKED_DAYS_NEEDED:
        return count
    summed = total(basis)
    month = total(window(days, today, today.day))
    rest_ms = _next_month(today) * DAY_MS - now_ms - zone_s * 1000
    more = net_of(summed) * rest_ms // (len(basis) * DAY_MS)
    return Estimate(net_of(month) + more, count, len(basis), summed.online_ms // len(basis))


def _next_month(day: date) -> int:
    """The first of the next month, in days since 1970."""
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return after.toordinal() - _EPOCH


def until_bond_ms(needed: int, earned: int, online_ms: int, holdback_percent: int) -> int | None:
    """Time online until `needed` nano-credits of rewards were held back, at the pace of `earned` in
    `online_ms`; None where there is no pace to go by."""
    held = earned * holdback_percent
    if held <= 0 or online_ms < LEAST_MS:
        return None
    return -(-max(0, needed) * 100 * online_ms // held)
