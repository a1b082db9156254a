"""Stamps never go back, whatever is done to the wall clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.coordinator.clock import DAY_MS, Stamps, SystemClock


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10_000)), min_size=1))
def test_stamps_rise_with_time_and_follow_the_wall_clock_ahead(moves: list[tuple[int, int]]) -> None:
    stamps, wall, steady, last = Stamps(), 1_790_000_000_000, 5, -1
    most = wall
    for jump, passed in moves:
        wall, steady, most = wall + jump + passed, steady + passed, most + passed
        most = max(most, wall)
        stamp = stamps.stamp(wall, steady)
        assert stamp >= last
        last = stamp
    assert last <= most


def test_a_clock_set_back_goes_on_and_one_set_ahead_is_followed() -> None:
    stamps = Stamps()
    assert stamps.stamp(1000, 0) == 1000
    assert stamps.stamp(500, 10) == 1010, "ten milliseconds later"
    assert stamps.stamp(5000, 20) == 5000


def test_a_new_run_goes_on_from_what_the_last_one_stamped() -> None:
    stamps = Stamps()
    stamps.not_before(9000, 100)
    assert stamps.stamp(1000, 100) == 9000
    assert stamps.stamp(20_000, 200) == 20_000
    clock = SystemClock()
    before = clock.now_ms()
    clock.not_before(before + 1_000_000)
    assert clock.now_ms() >= before + 1_000_000
    clock.not_before(before + 400 * DAY_MS)
    assert clock.now_ms() < before + DAY_MS, "a clock that was a year ahead does not stay so for ever"
    clock.not_before(0)
    assert clock.now_ms() >= before + 1_000_000
