"""Time as the daybook keeps it: no spell negative, none overlaps, nothing told that was not seen."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from console.agent.daybook.calendar import by_day, day_before, day_of, day_start_ms
from console.agent.daybook.timeline import (
    BACK_MS,
    GAP_MS,
    MINUTE_MS,
    Track,
    all_of,
    clip,
    day_sums,
    follow,
    letters,
    shown,
    went_back,
)
from console.agent.journal.time import TimeSpent
from console.control.timeline import LETTERS, Spell, kind_of
from console.protocol.reasons import CODES

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    (UTC, BERLIN, ZoneInfo("Africa/Cairo"), ZoneInfo("America/Havana"), ZoneInfo("Asia/Kathmandu"))
)
START = 1_763_820_000_000
CODE = st.sampled_from(tuple(CODES))
LOOKS = st.lists(st.tuples(st.integers(-2 * BACK_MS, 2 * GAP_MS), CODE), max_size=60)


def walked(looks: list[tuple[int, str]]) -> tuple[Track, list[int]]:
    """A track after looks that are so many milliseconds apart, and when they were."""
    at_ms, track, times = START, Track(), []
    for step, code in looks:
        at_ms += step
        track = follow(track, at_ms, code)
        times.append(at_ms)
    return track, times


def spells_of(lengths: list[tuple[int, int, str]]) -> list[Spell]:
    """Spells from (gap before, length, code)."""
    at_ms, spells = START, []
    for gap, length, code in lengths:
        spells.append(Spell(at_ms + gap, code, at_ms + gap + length))
        at_ms += gap + length
    return spells


SPELLS = st.lists(
    st.tuples(st.sampled_from((0, 0, 1, 7_000, 200_000)), st.integers(1, 400_000), CODE), max_size=20
).map(spells_of)


@given(LOOKS)
def test_spells_never_overlap_and_are_never_negative_whatever_the_clock_does(
    looks: list[tuple[int, str]],
) -> None:
    track, _ = walked(looks)
    spells = all_of(track)
    assert all(spell.since_ms <= spell.until_ms for spell in spells)
    assert all(spell.since_ms < spell.until_ms for spell in track.ended), "one that took no time is none"
    assert all(one.until_ms <= two.since_ms for one, two in pairwise(spells))


@given(LOOKS)
def test_only_time_that_was_seen_is_told(looks: list[tuple[int, str]]) -> None:
    track, times = walked(looks)
    told = sum(spell.until_ms - spell.since_ms for spell in all_of(track))
    highest, seen = times[:1], 0
    for at_ms in times[1:]:
        step = at_ms - highest[0]
        seen += step if 0 < step <= GAP_MS else 0
        highest[0] = max(highest[0], at_ms)
    assert told == seen


@given(st.lists(st.tuples(st.integers(1, 5_000), CODE), min_size=1, max_size=60))
def test_the_last_look_is_what_runs_and_each_stretch_belongs_to_what_was_found_before_it(
    looks: list[tuple[int, str]],
) -> None:
    track, times = walked(looks)
    assert track.running is not None
    assert (track.running.code, track.running.until_ms) == (looks[-1][1], times[-1])
    for before_ms, (_, code) in zip(times, looks[:-1], strict=False):
        assert [s.code for s in all_of(track) if s.since_ms <= before_ms < s.until_ms] == [code]


def test_a_machine_that_slept_was_off_and_a_clock_set_back_is_noticed() -> None:
    track = follow(follow(Track(), START, "earning"), START + 1000, "earning")
    slept = follow(track, START + 3_600_000, "earning")
    assert shown(slept, 10) == (
        Spell(START + 3_600_000, "earning"),
        Spell(START + 1000, "off", START + 3_600_000),
        Spell(START, "earning", START + 1000),
    )
    assert not went_back(track, START + 1000 - BACK_MS)
    assert went_back(track, START + 999 - BACK_MS)
    assert not went_back(Track(), 0)


@given(SPELLS)
def test_what_is_shown_is_newest_first_without_a_hole(spells: list[Spell]) -> None:
    told = shown(Track(None, tuple(spells)), 1000)
    assert [s for s in told if s.code != "off"] == spells[::-1]
    assert all(later.since_ms == earlier.until_ms for later, earlier in pairwise(told))
    assert all(s.until_ms > s.since_ms for s in told if s.code == "off")


@given(SPELLS, st.integers(0, 30), st.integers(1, 20))
def test_minutes_name_the_kind_that_held_longest(spells: list[Spell], first: int, count: int) -> None:
    since_ms = START - START % MINUTE_MS + first * MINUTE_MS
    found = letters(spells, since_ms, count)
    assert len(found) == count
    for n, letter in enumerate(found):
        lo = since_ms + n * MINUTE_MS
        held = dict.fromkeys(LETTERS, 0)
        for spell in clip(spells, lo):
            held[kind_of(spell.code)] += max(0, min(spell.until_ms, lo + MINUTE_MS) - max(spell.since_ms, lo))
        held["off"] = MINUTE_MS - sum(length for kind, length in held.items() if kind != "off")
        [kind] = [k for k, known in LETTERS.items() if known == letter]
        assert held[kind] == max(held.values())


@given(SPELLS, ZONES)
def test_days_add_up_to_the_spells(spells: list[Spell], zone: tzinfo) -> None:
    sums = day_sums(spells, zone)
    for kind in ("earning", "idle", "paused", "down"):
        told = sum(getattr(spent, f"{kind}_ms") for spent in sums.values())
        assert told == sum(s.until_ms - s.since_ms for s in spells if kind_of(s.code) == kind)


@given(st.integers(0, 4_000_000_000_000), st.integers(0, 40 * 86_400_000), ZONES)
def test_days_divide_time_at_the_operators_midnight(since_ms: int, length_ms: int, zone: tzinfo) -> None:
    parts = list(by_day(since_ms, since_ms + length_ms, zone))
    assert sum(length for _, length in parts) == length_ms
    assert all(length > 0 for _, length in parts)
    days = [day for day, _ in parts]
    assert days == sorted(set(days))
    at_ms = since_ms
    for day, length in parts:
        assert day_of(at_ms, zone) == day_of(at_ms + length - 1, zone) == day
        at_ms += length


def test_a_day_may_have_25_hours() -> None:
    noon = round(datetime(2026, 10, 25, 12, tzinfo=BERLIN).timestamp() * 1000)
    start_ms = day_start_ms(noon, BERLIN)
    [(day, length), _] = list(by_day(start_ms, start_ms + 26 * 3_600_000, BERLIN))
    assert (day, length) == ("2026-10-25", 25 * 3_600_000)
    assert day_before(noon, 1, BERLIN) == "2026-10-24"
    whole = day_sums([Spell(start_ms, "earning", start_ms + length)], BERLIN)
    assert whole == {"2026-10-25": TimeSpent(earning_ms=25 * 3_600_000)}
