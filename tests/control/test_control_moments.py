"""Times as operators name them, in any zone and over nights on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.control.moments import LONGEST_MS, MomentError, moment_ms, moment_words, next_ms, span_ms

BERLIN = ZoneInfo("Europe/Berlin")
ZONES: list[tzinfo | None] = [UTC, BERLIN, timezone(timedelta(hours=-9, minutes=-30)), None]
nows = st.integers(1_600_000_000_000, 1_900_000_000_000)


def at(text: str, zone: tzinfo = UTC) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@given(st.integers(0, 300), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.booleans())
def test_a_length_is_the_sum_of_its_parts(
    days: int, hours: int, minutes: int, seconds: int, spaced: bool
) -> None:
    text = (" " if spaced else "").join((f"{days}d", f"{hours}h", f"{minutes}min", f"{seconds}s"))
    wanted = 1000 * (86_400 * days + 3_600 * hours + 60 * minutes + seconds)
    if 0 < wanted <= LONGEST_MS:
        assert span_ms(text) == wanted
    else:
        with pytest.raises(MomentError):
            span_ms(text)


@pytest.mark.parametrize(
    ("text", "minutes"), [("2h30m", 150), ("90m", 90), ("1d", 1440), (" 45M ", 45), ("1h", 60), ("300s", 5)]
)
def test_lengths_that_people_write(text: str, minutes: int) -> None:
    assert span_ms(text) == 60_000 * minutes


@given(st.text(max_size=60) | st.from_regex(r"[0-9:T+ \-dhms]{0,30}"), nows, st.sampled_from(ZONES))
def test_whatever_is_typed_is_a_time_ahead_or_refused_in_words(
    text: str, now_ms: int, zone: tzinfo | None
) -> None:
    try:
        found = moment_ms(text, now_ms, zone)
    except MomentError as error:
        assert str(error).endswith(".")
    else:
        assert now_ms < found <= now_ms + LONGEST_MS
    try:
        assert 0 < span_ms(text) <= LONGEST_MS
    except MomentError as error:
        assert str(error).endswith(".")


@given(st.integers(0, 23), st.integers(0, 59), nows, st.sampled_from([UTC, ZONES[2]]))
def test_a_time_of_day_is_the_next_one_that_the_clock_shows(
    hour: int, minute: int, now_ms: int, zone: tzinfo
) -> None:
    found = moment_ms(f"{hour:02d}:{minute:02d}", now_ms, zone)
    shown = datetime.fromtimestamp(found / 1000, zone)
    assert (shown.hour, shown.minute, shown.second) == (hour, minute, 0)
    assert 0 < found - now_ms <= 86_400_000
    assert moment_words(found, zone).endswith(f"{hour:02d}:{minute:02d}")


def test_a_time_that_has_passed_today_is_tomorrows_and_the_next_day_may_be_asked_for() -> None:
    now_ms = at("2026-11-22T23:14:00")
    assert moment_ms("23:15", now_ms, UTC) == at("2026-11-22T23:15:00")
    assert moment_ms("23:14", now_ms, UTC) == at("2026-11-23T23:14:00")
    assert moment_ms("8:00", now_ms, UTC) == at("2026-11-23T08:00:00")
    assert moment_ms("Tomorrow 23:15", now_ms, UTC) == at("2026-11-23T23:15:00")
    assert next_ms(23, 30, now_ms, UTC, days=1) == at("2026-11-23T23:30:00")
    assert moment_words(at("2026-11-23T08:00:00"), UTC) == "Mon 23 Nov 08:00"


def test_tomorrow_morning_is_eight_oclock_also_when_the_clocks_change_in_between() -> None:
    for day, after in (("2026-03-28", "2026-03-29"), ("2026-10-24", "2026-10-25")):
        now_ms = at(f"{day}T22:00:00", BERLIN)
        assert moment_ms("08:00", now_ms, BERLIN) == at(f"{after}T08:00:00", BERLIN)


def test_days_with_a_time_are_taken_in_the_operators_zone_unless_they_name_one() -> None:
    now_ms = at("2026-11-22T23:14:00")
    assert moment_ms("2026-11-23T08:00", now_ms, BERLIN) == at("2026-11-23T08:00", BERLIN)
    assert moment_ms("2026-11-23 08:00", now_ms, UTC) == at("2026-11-23T08:00")
    assert moment_ms("2026-11-23T08:00+02:00", now_ms, BERLIN) == at("2026-11-23T06:00")
    for text, words in (
        ("2026-11-22T08:00", "passed"),
        ("2028-01-01T08:00", "a year"),
        ("2026-11-23", "2026-11-23T08:00"),
        ("24:00", "is no time"),
        ("noon", "08:00"),
        ("tomorrow", "tomorrow 08:00"),
        ("tomorrow 24:00", "is no time"),
        ("0001-01-01T00:00", "passed"),
    ):
        with pytest.raises(MomentError, match=words):
            moment_ms(text, now_ms, ZONES[2])
