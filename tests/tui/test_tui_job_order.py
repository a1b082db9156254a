"""The order of jobs, kept up by what changed, is the order that sorting all of them would give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.control import job_book
from console.control.job_book import JobBook, key_of
from console.control.state import JobView
from console.protocol.ids import JobId
from console.tui import job_order
from console.tui.filters import EVERYTHING_FITS, parse
from console.tui.job_order import JobOrder, searched
from console.tui.reckoning import DAY_MS, day_of
from console.tui.views.job_columns import COLUMNS, sort_value

EPOCH = date(1970, 1, 1).toordinal()
jobs = st.builds(
    JobView,
    job=st.sampled_from([JobId(f"{i:032x}") for i in range(9)]),
    attempt=st.integers(1, 2),
    state=st.sampled_from(["queued", "running", "result", "answered", "accepted", "rejected"]),
    received_ms=st.integers(0, 5),
    ended_ms=st.integers(0, 9),
    tokens=st.integers(0, 3),
)
steps = st.lists(st.one_of(jobs, jobs, jobs, st.lists(jobs, max_size=9, unique_by=key_of)), max_size=40)
"""Jobs that moved on, and snapshots."""
heads = st.sampled_from(["", *(column.head for column in COLUMNS)])
words = st.sampled_from(["", "run", "!run", "acc !0a", "zzz", "!"])


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few steps reach every bound; more changes are kept than one job can push out of a snapshot."""
    monkeypatch.setattr(job_book, "JOBS_KEPT", 3)
    monkeypatch.setattr(job_book, "CHANGES_KEPT", 10)
    monkeypatch.setattr(job_order, "MANY", 4)


def naive(book: JobBook, head: str, text: str, reverse: bool) -> list[JobView]:
    value, fits = sort_value(head), parse(text)
    listed = sorted(
        (job for job in book if fits.fits(searched(job))),
        key=lambda job: (value(job), -job.received_ms, job.job, job.attempt),
    )
    return listed[::-1] if reverse else listed


def take(book: JobBook, step: JobView | Sequence[JobView]) -> None:
    if isinstance(step, JobView):
        book.put(step)
    else:
        book.load(step)


@given(steps, heads, words, st.booleans(), st.integers(1, 9))
def test_the_order_is_what_sorting_everything_gives(
    happened: list[JobView | list[JobView]], head: str, text: str, reverse: bool, every: int
) -> None:
    book = JobBook()
    order = JobOrder(book, sort_value(head), parse(text), reverse=reverse)
    for number, step in enumerate(happened):
        take(book, step)
        if number % every == 0:
            order.catch_up()
            assert list(order) == naive(book, head, text, reverse)
            for place, job in enumerate(order):
                assert order.key_at(place) == key_of(job)
                assert order.place_of(key_of(job)) == place


@given(steps, heads, words, st.booleans())
def test_between_moves_nobody_changes_places_and_nobody_who_is_gone_stays(
    happened: list[JobView | list[JobView]], head: str, text: str, reverse: bool
) -> None:
    book, fits = JobBook(), parse(text)
    order = JobOrder(book, sort_value(head), fits, reverse=reverse)
    for step in happened:
        order.catch_up()
        before = [key_of(job) for job in order]
        take(book, step)
        order.catch_up(move=False)
        after = [key_of(job) for job in order]
        assert all(fits.fits(searched(job)) for job in order)
        if isinstance(step, JobView):
            assert after == [key for key in before if key in after]
            kept = {key_of(job) for job in book if fits.fits(searched(job))}
            assert set(after) == set(before) & kept
        order.catch_up()
        assert list(order) == naive(book, head, text, reverse)


def test_a_version_is_another_picture() -> None:
    book = JobBook([JobView(JobId(name), 1, "running", 1) for name in "abc"])
    order = JobOrder(book)
    order.catch_up()
    version = order.version
    first = order[0]
    book.put(msgspec.structs.replace(first, tokens=9))
    order.catch_up()
    assert order.version == version
    assert order[0].tokens == 9
    book.put(msgspec.structs.replace(first, state="accepted"))
    order.catch_up()
    assert order.version > version
    assert order[2].job == first.job
    assert [job.job for job in order[:2]] == ["b", "c"]


def test_a_place_without_a_job_is_an_index_error() -> None:
    order = JobOrder(JobBook())
    order.catch_up()
    with pytest.raises(IndexError):
        order.key_at(0)
    with pytest.raises(IndexError):
        order[0]
    assert order.place_of((JobId("x"), 1)) == -1


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("RUN", True),
        ("run abc", True),
        ("run zzz", False),
        ("!run", False),
        ("!zzz run", True),
        ("!", True),
        ("!!run", False),
    ],
)
def test_every_word_must_be_there_and_none_of_the_unwanted(text: str, fits: bool) -> None:
    job = JobView(JobId("abc"), 1, "running", 1)
    assert parse(text).fits(searched(job)) is fits
    assert parse("") == EVERYTHING_FITS


@given(st.integers(2 * DAY_MS, 10**13), st.integers(-14 * 3600, 14 * 3600))
def test_a_day_lists_what_came_on_that_day_of_the_operators_calendar(now_ms: int, zone_s: int) -> None:
    day = day_of(now_ms, zone_s)
    begin = (day.toordinal() - EPOCH) * DAY_MS - zone_s * 1000
    today, yesterday = parse("run today", now_ms, zone_s), parse("yesterday !zzz", now_ms, zone_s)
    assert today.holds(now_ms) and not yesterday.holds(now_ms)
    assert today.holds(begin) and not yesterday.holds(begin)
    assert yesterday.holds(begin - 1) and yesterday.holds(begin - DAY_MS)
    assert not yesterday.holds(begin - DAY_MS - 1)
    assert parse(day.isoformat(), now_ms, zone_s).days == today.days
    assert today.wanted == ("run",) and yesterday.wanted == () and parse("2026-13-99").wanted


def test_a_day_and_words_are_asked_for_together() -> None:
    book = JobBook()
    now = 20_000 * DAY_MS + 5
    for name, at_ms, state in (
        ("a", now - 9, "rejected"),
        ("b", now - 3, "accepted"),
        ("c", now, "rejected"),
    ):
        book.put(JobView(JobId(name), 1, state, at_ms))  # type: ignore[arg-type]
    order = JobOrder(book, words=parse("rejected yesterday", now))
    order.catch_up()
    assert [job.job for job in order] == ["a"]
