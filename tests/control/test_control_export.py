"""The export of earnings: what a spreadsheet reads back, whose months they are, and hostile cells."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.control.earnings import EarningRow
from console.control.export import (
    COLUMNS,
    csv_of,
    days_bounds,
    decimal_credits,
    file_name,
    iso_utc,
    month_bounds,
    month_of,
)
from console.protocol.ids import JobId

NANO = st.integers(0, 2**63 - 1)
BERLIN = ZoneInfo("Europe/Berlin")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(
    st.lists(
        st.builds(
            EarningRow,
            at_ms=st.integers(0, 4_000_000_000_000),
            day=st.just("2026-11-22"),
            job=st.builds(JobId, st.text()),
            attempt=st.integers(1, 9),
            model=st.text(),
            outcome=st.sampled_from(("accepted", "rejected", "failed")),
            claimed=NANO,
            reward=NANO,
            penalty=NANO,
            transaction=st.text(),
            verdict=st.text(),
        ),
        max_size=5,
    )
)
def test_amounts_and_times_come_back_exactly_and_no_cell_is_a_formula(rows: list[EarningRow]) -> None:
    text = csv_of(rows)
    back = rows_of(text)
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert len(text.splitlines()) == len(rows) + 1, "one line each, whatever the names hold"
    for row, cells in zip(rows, back, strict=True):
        assert int(cells["reward_nano"]) == row.reward
        assert int(cells["reward_credits"].replace(".", "")) == row.reward
        at = datetime.fromisoformat(cells["time_utc"])
        assert round(at.timestamp() * 1000) == row.at_ms
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells.values())
        assert all(cell.isprintable() for cell in cells.values())


def test_a_hostile_model_name_is_text_in_a_spreadsheet() -> None:
    names = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "fine\nname", 'a,"b"')
    rows = [EarningRow(0, "2026-01-01", JobId("7f"), 1, name, "accepted") for name in names]
    assert [cells["model"] for cells in rows_of(csv_of(rows))] == [
        "'=HYPERLINK(1)",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "' =1",
        "' =1",
        "'＝1",
        "fine name",
        'a,"b"',
    ]


def test_no_rows_give_the_header_alone() -> None:
    assert csv_of(()) == ",".join(COLUMNS) + "\n"


def test_a_month_begins_and_ends_at_the_operators_midnight() -> None:
    since, until = month_bounds("2026-10", BERLIN)
    assert (iso_utc(since), iso_utc(until)) == ("2026-09-30T22:00:00.000Z", "2026-10-31T23:00:00.000Z")


@given(st.integers(1970, 9998), st.integers(1, 12), st.sampled_from((UTC, BERLIN)))
def test_months_follow_one_another_without_a_gap(year: int, month: int, zone: ZoneInfo) -> None:
    after = f"{year + month // 12:04d}-{month % 12 + 1:02d}"
    assert month_bounds(f"{year:04d}-{month:02d}", zone)[1] == month_bounds(after, zone)[0]


@pytest.mark.parametrize("word", ["2026-13", "26-01", "", "November", "2026-1", "2026-11-01", "0000-01"])
def test_what_is_no_month_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(ValueError, match="2026-11"):
        month_of(word, 0)


def test_last_month_is_the_one_before_in_the_operators_calendar() -> None:
    new_year = round(datetime(2027, 1, 1, 0, 30, tzinfo=BERLIN).timestamp() * 1000)
    assert month_of("last", new_year, BERLIN) == "2026-12"
    assert month_of("last", new_year, UTC) == "2026-11", "there it is still December"
    assert month_of("this", new_year, BERLIN) == "2027-01"
    assert file_name("2026-12") == "quarterdeck-earnings-2026-12.csv"


def test_days_are_calendar_days_over_a_change_of_clocks() -> None:
    noon = round(datetime(2026, 10, 26, 12, tzinfo=BERLIN).timestamp() * 1000)
    since, until = days_bounds(2, noon, BERLIN)
    assert (until - since) / 3_600_000 == 49, "the day before had 25 hours"
    assert iso_utc(until) == "2026-10-26T23:00:00.000Z"


def test_credits_are_plain_numbers() -> None:
    assert decimal_credits(64_000) == "0.000064000"
    assert decimal_credits(-1_000_000_001) == "-1.000000001"
