"""Sums, rates and estimates: right, and silent where there is nothing to go by."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.control.earnings import DayView, PowerView
from console.tui import reckoning
from console.tui.reckoning import DAY_MS, HOUR_MS, Estimate

NOON = 1_763_812_800_000
"""2025-11-22 12:00 UTC."""
amounts = st.integers(0, 10**12)
zones = st.integers(-14 * 3600, 14 * 3600)


def days_before(count: int, **each: int) -> tuple[DayView, ...]:
    """`count` equal days before the one of NOON, newest first."""
    last = reckoning.day_of(NOON, 0).toordinal() - 1
    return tuple(DayView(date.fromordinal(last - n).isoformat(), **each) for n in range(count))


@pytest.mark.parametrize(
    ("at_ms", "zone_s", "day"),
    [(NOON, 0, "2025-11-22"), (NOON, 13 * 3600, "2025-11-23"), (NOON, -13 * 3600, "2025-11-21"),
     (NOON + DAY_MS // 2 - 1, 0, "2025-11-22"), (NOON + DAY_MS // 2, 0, "2025-11-23")],
)  # fmt: skip
def test_the_day_is_that_of_the_operators_clock(at_ms: int, zone_s: int, day: str) -> None:
    assert reckoning.day_of(at_ms, zone_s).isoformat() == day


@given(st.integers(0, 4 * 10**12), zones)
def test_a_day_lasts_24_hours_in_a_zone_that_does_not_change(at_ms: int, zone_s: int) -> None:
    day = reckoning.day_of(at_ms, zone_s)
    assert reckoning.day_of(at_ms + DAY_MS, zone_s).toordinal() == day.toordinal() + 1
    assert reckoning.day_of(at_ms + zone_s * 1000, 0) == day


@given(
    st.lists(st.tuples(st.integers(0, 40), amounts, amounts), unique_by=lambda one: one[0]),
    st.integers(1, 31),
)
def test_a_range_sums_its_own_days_and_no_other(entries: list[tuple[int, int, int]], count: int) -> None:
    last = reckoning.day_of(NOON, 0)
    days = [
        DayView(date.fromordinal(last.toordinal() - back).isoformat(), earned=earned, penalised=taken)
        for back, earned, taken in entries
    ]
    shown = reckoning.window(days, last, count)
    summed = reckoning.total(shown)
    assert len(shown) == count
    assert summed.earned == sum(earned for back, earned, _ in entries if back < count)
    assert reckoning.net_of(summed) == summed.earned - summed.penalised
    assert [day is not None for day in reversed(shown)] == [
        n in {back for back, *_ in entries} for n in range(count)
    ]


@given(amounts, st.integers(0, 10**9))
def test_a_rate_is_never_more_than_what_was_earned_at_that_pace(nano: int, ms: int) -> None:
    rate = reckoning.per_hour(nano, ms)
    if ms < reckoning.LEAST_MS:
        assert rate is None
    else:
        assert rate is not None and rate * ms <= nano * HOUR_MS < (rate + 1) * ms


def test_electricity_costs_what_the_meter_says() -> None:
    given_power = PowerView("given", price_micro=310_000, currency="EUR", credit_micro=120_000)
    assert reckoning.cost_micro(2_000_000, given_power) == 620_000
    assert reckoning.worth_micro(5_000_000_000, given_power) == 600_000
    assert reckoning.cost_micro(2_000_000, PowerView("unknown", price_micro=310_000)) is None
    assert reckoning.cost_micro(2_000_000, PowerView("measured")) is None
    assert reckoning.worth_micro(5_000_000_000, PowerView("given")) is None


@given(st.integers(0, 10**9), st.integers(1, 10**7))
def test_a_cost_is_never_understated(energy_mwh: int, price_micro: int) -> None:
    cost = reckoning.cost_micro(energy_mwh, PowerView("measured", price_micro=price_micro))
    assert cost is not None and 0 <= cost * 10**6 - energy_mwh * price_micro < 10**6


@pytest.mark.parametrize("count", [0, 1, 2])
def test_there_is_no_estimate_from_too_few_days(count: int) -> None:
    assert reckoning.month_end(days_before(count, earned=100, jobs=1), NOON, 0) == count


def test_an_estimate_goes_on_as_the_days_before_and_names_its_basis() -> None:
    # 21 whole days of November at 100 each, today 30 so far; half of today and 8 days are left.
    days = (DayView("2025-11-22", earned=30, jobs=1), *days_before(21, earned=100, jobs=1, online_ms=HOUR_MS))
    assert reckoning.month_end(days, NOON, 0) == Estimate(2100 + 30 + 850, 21, 21, HOUR_MS)


def test_days_off_count_in_the_basis() -> None:
    working = days_before(30, earned=90, jobs=1, online_ms=3 * HOUR_MS)[::3]
    found = reckoning.month_end(working, NOON, 0)
    # Ten days of work in the 28 since the first of them.
    assert found == Estimate(
        7 * 90 + 900 * (8 * DAY_MS + DAY_MS // 2) // (28 * DAY_MS), 10, 28, 30 * HOUR_MS // 28
    )


@given(st.integers(3, 30), amounts, amounts, st.integers(0, 26 * DAY_MS), zones)
def test_an_estimate_lies_between_now_and_the_month_at_that_pace(
    count: int, earned: int, more: int, later_ms: int, zone_s: int
) -> None:
    now_ms = NOON + later_ms
    today = reckoning.day_of(now_ms, zone_s)
    days = [DayView(today.isoformat(), earned=more, jobs=1)]
    days += [
        DayView(date.fromordinal(today.toordinal() - n).isoformat(), earned=earned, jobs=1)
        for n in range(1, count + 1)
    ]
    found = reckoning.month_end(days, now_ms, zone_s)
    so_far = reckoning.total(reckoning.window(days, today, today.day)).earned
    assert isinstance(found, Estimate)
    assert so_far <= found.nano <= so_far + earned * 31


@given(st.integers(1, 10**9), amounts, st.integers(0, 10**9), st.integers(0, 100))
def test_the_bonds_time_holds_back_enough_and_not_for_long_too_much(
    needed: int, earned: int, online_ms: int, percent: int
) -> None:
    left = reckoning.until_bond_ms(needed, earned, online_ms, percent)
    if earned * percent == 0 or online_ms < reckoning.LEAST_MS:
        assert left is None
    else:
        assert left is not None
        assert (left - 1) * earned * percent < needed * 100 * online_ms <= left * earned * percent
