"""Electricity: whence it is known, and that no fraction of it is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.agent.daybook.power import Draw, draw, energy, view
from console.control.earnings import PowerView
from console.control.machine import GpuView
from console.settings.config import PowerConfig

GIVEN = PowerConfig(watts=85.5, idle_watts=12, price_per_kwh=0.31, currency="EUR", credit_price=0.12)


def gpu(watts: int | None) -> GpuView:
    return GpuView("card", power_w=watts)


def test_what_the_operator_gave_goes_before_what_drivers_say() -> None:
    drawn = draw(GIVEN, [gpu(200)])
    assert drawn == Draw(85_500, 12_000)
    assert view(GIVEN, drawn, works=True) == PowerView("given", 85_500, 310_000, "EUR", 120_000)
    assert view(GIVEN, drawn, works=False).watts_milli == 12_000


def test_cards_are_summed_and_one_that_does_not_say_is_left_out() -> None:
    drawn = draw(PowerConfig(), [gpu(142), gpu(None), gpu(30)])
    assert view(PowerConfig(), drawn, works=False) == PowerView("measured", 172_000, 0, "EUR", 0)


def test_what_nobody_says_is_unknown_and_costs_nothing_but_the_price_stays() -> None:
    drawn = draw(PowerConfig(price_per_kwh=0.3), [gpu(None)])
    assert view(PowerConfig(price_per_kwh=0.3), drawn, works=True) == PowerView(
        "unknown", 0, 300_000, "EUR", 0
    )
    assert energy(drawn, 3_600_000, 1_000, 17) == (0, 17)


def test_an_hour_at_85_watts_is_85_watt_hours() -> None:
    assert energy(Draw(85_000, 0), 3_600_000, 3_600_000, 0) == (85_000, 0)
    assert energy(Draw(85_000, 10_000), 3_600_000, 1_800_000, 0) == (47_500, 0)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 6_000)), max_size=50),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
)
def test_seconds_add_up_to_the_whole(looks: list[tuple[int, int]], busy: int, idle: int) -> None:
    total, rest = 0, 0
    for elapsed, worked in looks:
        new, rest = energy(Draw(busy, idle), elapsed, worked, rest)
        total += new
    exact = sum(busy * min(w, e) + idle * (e - min(w, e)) for e, w in looks)
    assert total == exact // 3_600_000


def test_absurd_settings_stay_within_bounds() -> None:
    absurd = draw(PowerConfig(watts=1e300, idle_watts=-5), [])
    assert absurd == Draw(1_000_000_000, 0)
