"""The journal: durable, sealed, each thing once, and plain about what is wrong with its file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.agent.journal import JobRecord, Journal, JournalError
from console.agent.journal.results import AUDIT_WINDOW_S
from console.agent.journal.seal import Sealer
from console.control.state import JobView, Note, Switches
from console.control.wire import Moment
from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId
from console.protocol.types import Balances, DrawProof, Receipt, Result, Ticket, Transaction, Verdict

KEY = b"k" * 32
JOB = JobId("ab" * 16)
DRAW = DrawProof(Ticket(JOB, 0, 1, "00", 1, 1), "", "00", "00", (), 0, ())
BLOB = bytes(range(256)) * 5


def record(state: str = "running", job: JobId = JOB) -> JobRecord:
    view = JobView(job, 1, state, 1000)  # type: ignore[arg-type]
    return JobRecord(view, 1, "g", "p", 500, DRAW, "", "", "")


def result(job: JobId = JOB) -> Result:
    ids = tuple(range(40_000, 40_064))
    return Result(job, 1, 1, NodeId("n"), GroupId("g"), "d", ids, "stop", "p", "c", 5, 1, "sig")


def receipt(job: JobId = JOB) -> Receipt:
    return Receipt(
        job,
        1,
        NodeId("n"),
        "accepted",
        3,
        4,
        NanoCredits(3500),
        NanoCredits(0),
        EvidenceId("e"),
        Transaction("pay:x", 1, ()),
        Balances(),
        "",
    )


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    book = Journal(tmp_path, KEY)
    await book.open()
    yield book
    await book.close()


async def test_one_result_per_attempt_and_it_is_kept_until_answered(journal: Journal, tmp_path: Path) -> None:
    moment = Moment(5, "result", "done")
    assert await journal.results.put(record("result"), result(), BLOB, moment)
    other = msgspec.structs.replace(result(), commitment="another")
    assert not await journal.results.put(record("result"), other, b"x", moment)
    again = Journal(tmp_path, KEY)
    await again.open()
    assert await again.results.unanswered() == [result()]
    assert await again.results.opening(JOB, 1) == BLOB
    assert [m.word for m in await again.jobs.timeline(JOB, 1)] == ["result"]
    await again.close()
    await journal.results.answered(JOB, 1)
    assert await journal.results.unanswered() == []
    assert await journal.results.opening(JOB, 1) == BLOB
    await journal.results.judged(JOB, 1)
    assert await journal.results.opening(JOB, 1) is None
    assert await journal.results.has(JOB, 1)


async def test_what_is_sealed_opens_with_the_nodes_key_only(journal: Journal, tmp_path: Path) -> None:
    await journal.results.put(record("result"), result(), BLOB, Moment(5, "result"))
    data = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert BLOB[:64] not in data
    assert msgspec.msgpack.encode(result().token_ids)[3:60] not in data
    stranger = Journal(tmp_path, b"x" * 32)
    await stranger.open()
    assert await stranger.results.unanswered() == []
    assert await stranger.results.opening(JOB, 1) is None
    await stranger.close()


def test_a_seal_is_bound_to_its_place() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(b"words", "result/a/1")
    assert sealer.open(sealed, "result/a/1") == b"words"
    assert sealer.open(sealed, "result/a/2") is None
    assert sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "result/a/1") is None


async def test_openings_expire_with_the_audit_window(journal: Journal) -> None:
    await journal.results.put(record("result"), result(), BLOB, Moment(5_000, "result"))
    await journal.results.expire(5_000 + AUDIT_WINDOW_S * 1000)
    assert await journal.results.opening(JOB, 1) == BLOB
    await journal.results.expire(5_001 + AUDIT_WINDOW_S * 1000)
    assert await journal.results.opening(JOB, 1) is None


async def test_receipts_and_verdicts_count_once(journal: Journal) -> None:
    assert await journal.money.put_receipt(receipt(), 7, "2026-11-22")
    assert not await journal.money.put_receipt(receipt(), 8, "2026-11-23")
    today, whole = await journal.money.totals("2026-11-23")
    assert (today.earned, today.accepted) == (0, 0)
    assert (whole.earned, whole.accepted) == (3500, 1)
    verdict = Verdict(EvidenceId("e"), JOB, 1, NodeId("n"), "accepted", "replay", 4, 0, -1, "", 1)
    assert await journal.jobs.put_verdict(verdict, 9)
    assert not await journal.jobs.put_verdict(msgspec.structs.replace(verdict, outcome="rejected"), 9)
    assert await journal.jobs.verdict(JOB, 1) == verdict


async def test_live_jobs_are_found_after_a_restart(journal: Journal) -> None:
    states = ("queued", "running", "result", "answered", "accepted", "failed")
    for n, state in enumerate(states):
        await journal.jobs.put(record(state, JobId(f"{n:032x}")))
    assert {r.view.state for r in await journal.jobs.unfinished()} == {"queued", "running", "result"}
    await journal.jobs.put(record("failed", JobId(f"{0:032x}")), Moment(1, "failed"))
    assert {r.view.state for r in await journal.jobs.unfinished()} == {"running", "result"}


async def test_switches_pins_and_notes_are_remembered(journal: Journal) -> None:
    await journal.facts.put_switches(Switches(paused=True, by="ada"))
    await journal.facts.pin("ws://a", NodeId("11"))
    await journal.jobs.put_note(Note(1, "info", "first"))
    await journal.jobs.put_note(Note(2, "info", "second"))
    assert (await journal.facts.switches()).by == "ada"
    assert await journal.facts.pinned("ws://a") == "11"
    assert await journal.facts.pinned("ws://b") is None
    await journal.facts.unpin("ws://a")
    assert await journal.facts.pinned("ws://a") is None
    assert [n.text for n in await journal.jobs.latest_notes(5)] == ["second", "first"]


async def test_a_failed_write_changes_nothing(journal: Journal) -> None:
    bad = msgspec.structs.replace(result(), attempt=1)
    nothing = record("result", JobId(None))  # type: ignore[arg-type]
    with pytest.raises(JournalError):
        await journal.results.put(nothing, bad, BLOB, Moment(1, "result"))
    assert not await journal.results.has(JOB, 1)


async def test_a_damaged_or_newer_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no database, but it is long enough to be read" * 40)
    with pytest.raises(JournalError, match="is damaged"):
        await Journal(tmp_path, KEY).open()
    (tmp_path / "journal.db").unlink()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(JournalError, match="newer Quarterdeck"):
        await Journal(tmp_path, KEY).open()


async def test_the_file_is_the_owners_alone(journal: Journal, tmp_path: Path) -> None:
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0
