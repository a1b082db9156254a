"""Earnings from the journal: three columns per answer, days, models, penalties, differences, the export."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.agent.clock import local_day
from console.agent.daybook.differences import RECEIPT_DUE_MS, VERDICT_DUE_MS, difference, penalty
from console.agent.daybook.export import Export, earning_row, page
from console.agent.journal import JobRecord, Journal, JournalError
from console.agent.journal.answers import Apart, Booking
from console.agent.journal.records import Totals
from console.agent.journal.sums import SUM_LIMIT
from console.control.earnings import DayView, EarningRow, ModelEarnings
from console.control.state import JobState, JobView
from console.control.wire import Command, Moment
from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId
from console.protocol.types import (
    Balances,
    DrawProof,
    Outcome,
    Receipt,
    Result,
    Ticket,
    Transaction,
    Verdict,
)

KEY = b"k" * 32
NOW = 1_763_820_000_000
DAY_MS = 86_400_000
TODAY, TOMORROW = local_day(NOW), local_day(NOW + DAY_MS)
GROUP = "g" * 64


def job(n: int) -> JobId:
    return JobId(f"{n:032x}")


def record(n: int = 1, tokens: int = 64, rate: int = 500, state: JobState = "result") -> JobRecord:
    draw = DrawProof(Ticket(job(n), 0, 1, "00", 1, 1), "", "00", "00", (), 0, ())
    view = JobView(job(n), 1, state, NOW, NOW + 10, NOW + 510, prompt_tokens=36, tokens=tokens)
    return JobRecord(view, 1, GROUP, "p", rate, draw, "", "", "")


def result(n: int = 1) -> Result:
    return Result(job(n), 1, 1, NodeId("n"), GroupId(GROUP), "d", (1,), "stop", "p", "c", 5, 1, "sig")


def verdict(n: int = 1, outcome: Outcome = "accepted", at_ms: int = NOW) -> Verdict:
    return Verdict(EvidenceId(f"e{n}"), job(n), 1, NodeId("n"), outcome, "replay", 64, 0, -1, "so", at_ms)


def receipt(n: int = 1, reward: int = 50_000, taken: int = 0) -> Receipt:
    outcome: Outcome = "rejected" if taken else "accepted"
    transaction = Transaction(f"pay:{job(n)}", 1, ())
    amounts = (NanoCredits(reward), NanoCredits(taken))
    return Receipt(
        job(n), 1, NodeId("n"), outcome, 36, 64, *amounts, EvidenceId(f"e{n}"), transaction, Balances(), ""
    )


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    book = Journal(tmp_path, KEY)
    await book.open()
    yield book
    await book.close()


async def finish(journal: Journal, *numbers: int, at_ms: int = NOW) -> None:
    """Answers that were journalled."""
    for n in numbers:
        assert await journal.results.put(record(n), result(n), b"", Moment(at_ms, "result"))


async def day(journal: Journal, name: str = TODAY) -> DayView:
    return next((d for d in await journal.money.days("0000", "9999") if d.day == name), DayView(name))


async def test_the_columns_belong_to_the_day_of_the_answer_and_the_booking_to_its_own(
    journal: Journal,
) -> None:
    await finish(journal, 1)
    assert await day(journal) == DayView(TODAY, claimed=50_000)
    await journal.jobs.put_verdict(verdict(), NOW + DAY_MS)
    await journal.money.put_receipt(receipt(), NOW + DAY_MS, TOMORROW)
    assert await day(journal) == DayView(TODAY, claimed=50_000, passed=50_000, settled=50_000, tokens=100)
    assert await day(journal, TOMORROW) == DayView(TOMORROW, accepted=1, earned=50_000)


async def test_news_that_come_twice_or_late_or_out_of_order_count_once(journal: Journal) -> None:
    assert await journal.money.put_receipt(receipt(), NOW, TODAY, GROUP)
    assert await journal.jobs.put_verdict(verdict(), NOW)
    assert (await day(journal)).passed == (await day(journal)).settled == 0, "no answer of this node"
    await finish(journal, 2)
    await journal.money.put_receipt(receipt(2), NOW, TODAY)
    for _ in range(2):
        await journal.jobs.put_verdict(verdict(2), NOW)
        await journal.money.put_receipt(receipt(2), NOW, TODAY)
    assert not await journal.results.put(record(2), result(2), b"", Moment(NOW, "result"))
    assert await day(journal) == DayView(
        TODAY, accepted=2, earned=100_000, claimed=50_000, passed=50_000, settled=50_000, tokens=100
    )


async def test_models_are_told_apart_and_named(journal: Journal) -> None:
    await journal.money.name_model(GROUP, "Toy")
    await journal.money.count(TODAY, Totals(jobs=1), GROUP)
    await finish(journal, 1)
    await journal.jobs.put_verdict(verdict(), NOW)
    await journal.money.put_receipt(receipt(), NOW, TODAY, "another")
    await journal.money.count(TODAY, Totals(jobs=2), "another")
    assert await journal.money.models(TODAY, TODAY) == (
        ModelEarnings("Toy", GROUP, jobs=1, accepted=1, tokens=100, earned=50_000),
        ModelEarnings("", "another", jobs=2),
    )
    assert await journal.money.models(TOMORROW, TOMORROW) == ()


async def test_absurd_amounts_neither_overflow_nor_stop_the_journal(journal: Journal) -> None:
    for n in (1, 2, 3):
        absurd = record(n, rate=2**62)
        assert await journal.results.put(absurd, result(n), b"", Moment(NOW, "result"))
    below = record(4, rate=-5)
    assert await journal.results.put(below, result(4), b"", Moment(NOW, "result"))
    assert (await day(journal)).claimed == SUM_LIMIT


def opened_as_first(home: Path) -> sqlite3.Connection:
    """A journal file as the first version left it, with three jobs that were answered."""
    from console.agent.journal.schema import _FIRST

    connection = sqlite3.connect(home / "journal.db")
    connection.executescript(_FIRST)
    connection.execute("PRAGMA user_version=1")
    for n, state in ((1, "accepted"), (2, "rejected"), (3, "answered")):
        kept = record(n, state=state)  # type: ignore[arg-type]
        data = msgspec.json.encode(kept)
        connection.execute("INSERT INTO jobs VALUES (?, 1, ?, ?, ?)", (job(n), state, NOW, data))
        connection.execute("INSERT INTO results VALUES (?, 1, ?, NULL, NULL)", (job(n), NOW + 510))
        connection.execute("INSERT INTO timeline VALUES (?, 1, ?, 'queued', '')", (job(n), NOW))
    declined = msgspec.json.encode(record(4, state="failed"))
    connection.execute("INSERT INTO jobs VALUES (?, 1, 'failed', ?, ?)", (job(4), NOW, declined))
    for one in (verdict(1), verdict(2, "rejected")):
        row = (one.job, one.at_ms, msgspec.json.encode(one))
        connection.execute("INSERT INTO verdicts VALUES (?, 1, ?, ?)", row)
    for booked in (receipt(1), receipt(2, 0, 640_000)):
        row = (booked.job, NOW, msgspec.json.encode(booked))
        connection.execute("INSERT INTO receipts VALUES (?, 1, ?, ?)", row)
    connection.execute("INSERT INTO totals VALUES (?, 3, 0, 1, 1, 50000, 640000)", (TODAY,))
    connection.execute("INSERT INTO notes VALUES (5, 'info', 'jobs', 'old note')")
    connection.execute("""INSERT INTO facts VALUES ('standing', '{"balances":{},"bond_target":9}')""")
    connection.commit()
    return connection


async def test_a_journal_of_the_first_version_is_brought_up_with_all_that_it_knew(tmp_path: Path) -> None:
    opened_as_first(tmp_path).close()
    journal = Journal(tmp_path, KEY)
    await journal.open()
    assert await day(journal) == DayView(
        TODAY, 3, 1, 1, 0, 50_000, 640_000, 150_000, 50_000, 50_000, 100, worked_ms=1_500
    )
    assert await journal.money.models(TODAY, TODAY) == (
        ModelEarnings("", GROUP, 3, 1, 1, 100, 50_000, 640_000, 1_500),
    )
    assert [one.job for one in await journal.answers.apart(0, 9)] == [job(3), job(2)]
    assert [one[1] for one in await journal.answers.rejected(9)] == [verdict(2, "rejected")]
    assert [n.text for n in await journal.jobs.latest_notes(9)] == ["old note"]
    assert (await journal.facts.standing()).bond_target == 9
    assert await journal.jobs.put_verdict(verdict(3), NOW)
    await journal.close()
    again = Journal(tmp_path, KEY)
    await again.open()
    assert (await day(again)).passed == 100_000
    await again.close()


async def test_a_step_that_fails_leaves_the_old_journal_as_it_was(tmp_path: Path) -> None:
    connection = opened_as_first(tmp_path)
    connection.execute("UPDATE receipts SET record = 'broken' WHERE job = ?", (job(1),))
    connection.commit()
    before = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    journal = Journal(tmp_path, KEY)
    with pytest.raises(JournalError, match="left as it is"):
        await journal.open()
    assert connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()


def test_no_reading_walks_through_all_answers(tmp_path: Path) -> None:
    from console.agent.journal import answers
    from console.agent.journal.schema import bring_up

    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    bring_up(connection, 0)
    connection.execute("PRAGMA case_sensitive_like=1")
    apart = (
        f"SELECT * FROM answers AS a WHERE {answers._APART} AND a.finished_ms >= 1 ORDER BY 3 DESC LIMIT 5"
    )
    for query, numbers in ((apart, 0), (answers._BOOKINGS, 7)):
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", (1,) * numbers).fetchall()
        steps = [str(row[3]) for row in plan]
        assert not [step for step in steps if step.startswith(("SCAN answers", "SCAN a ", "SCAN r"))], steps
    connection.close()


@given(
    st.builds(
        Apart,
        job=st.just("ab"),
        attempt=st.just(1),
        finished_ms=st.integers(NOW - 2 * VERDICT_DUE_MS, NOW),
        claimed=st.just(50_000),
        passed=st.sampled_from((None, 0, 50_000)),
        settled=st.sampled_from((None, 0, 49_500, 50_000)),
        judged_ms=st.integers(NOW - 2 * RECEIPT_DUE_MS, NOW),
        state=st.sampled_from(("result", "answered", "stale", "accepted", "rejected")),
    )
)
def test_columns_that_agree_are_no_difference_and_those_that_never_will_are(answer: Apart) -> None:
    now, later = difference(answer, NOW), difference(answer, NOW + 10 * VERDICT_DUE_MS)
    agree = answer.passed == answer.settled == answer.claimed
    assert (later is None) == agree
    if now is not None:
        assert (now.passed, now.settled) == (answer.passed or 0, answer.settled or 0)
        assert later is not None, "waiting alone mends nothing"


def test_a_difference_waits_for_what_may_still_come() -> None:
    fresh = Apart("ab", 1, NOW, 50_000, None, None, 0, "answered")
    assert difference(fresh, NOW + VERDICT_DUE_MS - 1) is None
    assert difference(fresh, NOW + VERDICT_DUE_MS) is not None
    passed = msgspec.structs.replace(fresh, passed=50_000, judged_ms=NOW + 5_000)
    assert difference(passed, NOW + RECEIPT_DUE_MS) is None
    late = difference(passed, NOW + RECEIPT_DUE_MS + 5_000)
    assert late is not None
    assert late.sentence == "Accepted, and no receipt has come yet."
    short = difference(msgspec.structs.replace(passed, settled=49_500), NOW)
    assert short is not None
    assert "0.000049500 cr" in short.sentence


def test_a_penalty_names_its_rule_amount_evidence_and_how_long_it_counts() -> None:
    hostile = msgspec.structs.replace(verdict(1, "rejected"), sentence="bad\x1b[2J token", id="e\u202e1")
    view = penalty(NOW, hostile, receipt(1, 0, 640_000), NOW, 3_600_000)
    assert (view.rule, view.amount, view.until_ms) == ("replay", 640_000, NOW + 3_600_000)
    assert view.sentence.isprintable()
    assert view.evidence == "e1"
    assert penalty(NOW, hostile, None, NOW + 3_600_000, 3_600_000).until_ms == 0
    alone = penalty(NOW, None, receipt(1, 0, 640_000), NOW, 3_600_000)
    assert (alone.rule, alone.amount, alone.evidence) == ("", 640_000, "e1")
    assert view.booked and alone.booked and not penalty(NOW, hostile, None, NOW, 1).booked


async def test_rejections_are_found_by_verdict_by_receipt_or_by_both_once(journal: Journal) -> None:
    await finish(journal, 1, 2, 3)
    await journal.jobs.put_verdict(verdict(1, "rejected", NOW - 1), NOW)
    await journal.jobs.put_verdict(verdict(2, "rejected", NOW), NOW)
    await journal.money.put_receipt(receipt(2, 0, 7), NOW, TODAY)
    await journal.money.put_receipt(receipt(3, 0, 7), NOW + 1, TODAY)
    found = await journal.answers.rejected(9)
    assert [(at, v is not None, r is not None) for at, v, r in found] == [
        (NOW + 1, False, True),
        (NOW, True, True),
        (NOW - 1, True, False),
    ]
    assert await journal.answers.rejections(NOW, 9) == [NOW]


def booking(at_ms: int) -> Booking:
    return Booking(at_ms, f"{at_ms:032x}", 1, GROUP, "Toy", "answered", 36, 64, 50_000, None)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(1, 10))
def test_pages_bring_every_row_once_unless_one_time_fills_a_page(times: list[int], limit: int) -> None:
    whole = [booking(at_ms) for at_ms in sorted(times)]
    read: list[Booking] = []
    since = 0
    while True:
        found = [b for b in whole if b.at_ms >= since][: limit + 1]
        part = page(found, limit)
        assert len(part) <= limit
        read += part
        if len(part) == len(found):
            break
        since = part[-1].at_ms + 1
    if max(times.count(t) for t in times) <= limit:
        assert read == whole


async def test_the_export_has_receipts_by_booking_and_answers_without_one(journal: Journal) -> None:
    await journal.money.name_model(GROUP, "=Toy\x1b[0m")
    await finish(journal, 1, 2)
    await journal.jobs.put_verdict(verdict(1), NOW)
    await journal.money.put_receipt(receipt(1), NOW + DAY_MS, TOMORROW)
    export = Export(journal, rows_limit=1)
    answer = await export.answer(Command("1", "earnings", {"since_ms": 0}))
    [first] = msgspec.json.decode(answer.result, type=list[EarningRow])
    assert answer.sentence.startswith("Only the first 1 rows")
    assert (first.job, first.outcome, first.claimed, first.reward) == (job(2), "result", 50_000, 0)
    answer = await export.answer(Command("2", "earnings", {"since_ms": NOW + 1}))
    [second] = msgspec.json.decode(answer.result, type=list[EarningRow])
    assert answer.sentence == ""
    assert second == EarningRow(
        NOW + DAY_MS, TOMORROW, job(1), 1, "=Toy[0m", "accepted", 36, 64, 50_000, 50_000, 0,
        f"pay:{job(1)}", "e1",
    )  # fmt: skip
    for args in ({"since_ms": "x"}, {"since_ms": 5, "until_ms": 4}, {"since_ms": -1}, {"until_ms": 2**80}):
        wrong = await export.answer(Command("3", "earnings", args))  # type: ignore[arg-type]
        assert not wrong.ok


def test_a_model_without_a_name_is_shown_by_its_group() -> None:
    nameless = msgspec.structs.replace(booking(1), name="")
    assert earning_row(nameless).model == "g" * 12
