"""A row of the table of jobs: what stands in it, and what gives way where there is no room."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.control.state import JobView
from console.protocol.ids import JobId
from console.tui.rows import width_of
from console.tui.views.job_columns import COLUMNS, shown_columns, sort_value
from console.tui.views.jobs import head_at, head_row, job_row

NOW = 1_000_000
RUNNING = JobView(JobId("abcdef0123"), 1, "running", NOW - 5_000, lease_until_ms=NOW + 600_000,
                  tokens=3072, max_tokens=4096, roster_size=4, draw_ok=True)  # fmt: skip


def text(job: JobView, width: int, now_ms: int = NOW) -> str:
    return "".join(span.text for span in job_row(job, now_ms, width, False))


@given(
    st.integers(2, 300), st.booleans(), st.text(max_size=80), st.integers(0, 10**12), st.integers(0, 10**7)
)
def test_a_row_is_as_wide_as_its_table_whatever_stands_in_it(
    width: int, chosen: bool, sentence: str, penalty: int, tokens: int
) -> None:
    job = msgspec.structs.replace(
        RUNNING, state="rejected", sentence=sentence, penalty=penalty, tokens=tokens, roster_size=tokens
    )
    row = job_row(job, NOW, width, chosen)
    assert width_of(row) == width == width_of(head_row(width, "TOKENS", True))
    assert not any(char in span.text for span in row for char in "\x1b\x00\n")


def test_a_job_that_took_long_is_told_in_minutes_and_whole() -> None:
    slow = msgspec.structs.replace(RUNNING, state="accepted", started_ms=1, ended_ms=9_189_001)
    assert " 2 h 33 " in text(slow, 120) and "…" not in text(slow, 120)
    quick = msgspec.structs.replace(slow, ended_ms=9_201)
    assert " 9.2 s " in text(quick, 120)


def test_half_a_number_is_never_shown() -> None:
    assert " 3072/4096 " in text(RUNNING, 80)
    narrow = text(RUNNING, 55)
    assert " 3072 " in narrow and "…" not in narrow and narrow.endswith("10 min left")


@pytest.mark.parametrize(
    ("left_ms", "told"),
    [(119_000, "110 s left"), (41_000, "40 s left"), (29_400, "29 s left"), (-5, "0 s left")],
)
def test_a_lease_is_told_second_by_second_only_when_it_is_short(left_ms: int, told: str) -> None:
    assert told in text(msgspec.structs.replace(RUNNING, lease_until_ms=NOW + left_ms), 80)


def test_a_draw_of_many_keeps_its_mark() -> None:
    for size, told in ((4, "1 of 4 ✓"), (97, "1/97✓"), (12_345, "1/12345✓")):
        assert told in text(msgspec.structs.replace(RUNNING, roster_size=size), 80)


@pytest.mark.parametrize("width", [40, 55, 79, 119, 199])
def test_a_click_meets_the_head_that_stands_there(width: int) -> None:
    line = "".join(span.text for span in head_row(width))
    for column in shown_columns(width):
        assert head_at(width, line.index(column.head)) == column.head
    assert head_at(width, 0) == ""


def test_every_column_can_be_sorted_by() -> None:
    unknown = JobView(JobId("b"), 1, "queued", NOW)
    for column in COLUMNS:
        value = sort_value(column.head)
        assert sorted([value(RUNNING), value(unknown)])
    assert sort_value("VERDICT")(unknown) > "recompute_exact"
