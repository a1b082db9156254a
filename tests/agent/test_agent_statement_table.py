"""Statements in the journal, and which receipts stand in them, are missing, or wait."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from statement_world import (
    EPOCH_MS,
    KEPT,
    KEY,
    NODE,
    NOW,
    OTHER,
    OURS,
    SECOND,
    STATED,
    job,
    known,
    leaf,
    receipt,
    replace,
    world,
)

from console.agent.clock import local_day
from console.agent.journal import JobRecord, Journal
from console.agent.journal.database import Database
from console.agent.journal.kept_statements import Columns, Listed
from console.agent.journal.schema import _STEPS, bring_up
from console.agent.journal.stated import _COLUMNS, _COVERING, _MISSING, _WAITING, MISSING_READ, Place
from console.agent.statements.examine import examine
from console.agent.statements.reconcile import reconciled
from console.control.state import JobView
from console.control.wire import Moment
from console.ledger.findings import Finding
from console.protocol.ids import EvidenceId, GroupId
from console.protocol.types import DrawProof, Result, Ticket, Verdict

FINDING = Finding("two_statements", "Not all were told the same.", 1)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    book = Journal(tmp_path, b"k" * 32)
    await book.open()
    yield book
    await book.close()


async def answered(journal: Journal, n: int, coordinator: str = KEY.node_id, paid: bool = True) -> None:
    """An answer that was accepted, and paid unless its receipt is on its way."""
    draw = DrawProof(Ticket(job(n), 0, 1, "00", 1, 1), "", "00", "00", (), 0, ())
    view = JobView(job(n), 1, "accepted", NOW, NOW + 10, NOW + 510, prompt_tokens=36, tokens=64)
    record = JobRecord(view, 1, "g" * 64, "p", 500, draw, "", coordinator, "")
    result = Result(job(n), 1, 1, NODE, GroupId("g" * 64), "d", (1,), "stop", "p", "c", 5, 1, "sig")
    await journal.results.put(record, result, b"", Moment(NOW, "result"))
    verdict = Verdict(EvidenceId(f"e{n}"), job(n), 1, NODE, "accepted", "replay", 64, 0, -1, "so", NOW)
    await journal.jobs.put_verdict(verdict, NOW)
    if paid:
        await journal.money.put_receipt(receipt(n), NOW, local_day(NOW), "", coordinator)


async def test_a_statement_is_kept_with_its_receipts(journal: Journal) -> None:
    table = journal.statements
    for n in (1, 2, 3):
        await answered(journal, n)
    assert await journal.stated.waiting(KEY.node_id, 0) == 3
    leaves = await journal.stated.leaves([Listed(job(n), 1, "") for n in (1, 2, 9)])
    assert leaves == {(job(1), 1): leaf(receipt(1)), (job(2), 1): leaf(receipt(2))}
    assert await table.put(KEY.node_id, KEPT, STATED)
    assert not await table.put(KEY.node_id, KEPT, STATED)
    assert await table.newest(KEY.node_id) == KEPT
    assert await table.newest(OTHER.node_id) is None
    assert await journal.stated.columns(KEPT.digest) == Columns(2, 100_000, 100_000, 100_000, 0)
    assert await journal.stated.waiting(KEY.node_id, 0) == 1
    assert await journal.stated.missing([KEPT]) == {KEPT.digest: (job(3),)}
    assert await table.latest(5) == await table.latest(5, 1) == [KEPT]
    assert await table.latest(5, 2) == []


async def test_a_receipt_that_comes_after_its_statement_finds_its_place(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = journal.statements
    await answered(journal, 3, paid=False)
    kept, stated = examine(SECOND, known(KEPT, (), 3))
    await table.put(KEY.node_id, kept, stated)
    with monkeypatch.context() as nothing_new:
        nothing_new.delattr(Database, "write")
        assert await table.came_late(kept) == kept
    await table.accuse(KEY.node_id, 2, FINDING)
    await journal.money.put_receipt(receipt(3), NOW, local_day(NOW), "", KEY.node_id)
    assert (await table.came_late(kept)).unknown == ()
    assert await table.newest(KEY.node_id) == replace(kept, unknown=(), findings=(FINDING,))
    with monkeypatch.context() as nothing_new:
        nothing_new.delattr(Database, "write")
        assert await table.came_late(replace(kept, unknown=())) == replace(kept, unknown=())
    assert await journal.stated.waiting(KEY.node_id, 0) == 0
    assert (await journal.stated.columns(kept.digest)).rewards == 50_000


async def test_a_receipt_without_a_coordinators_name_gets_it_from_its_statement(journal: Journal) -> None:
    """As one from before there were statements, of an epoch whose statement came after all."""
    table = journal.statements
    for n in (1, 3):
        await journal.money.put_receipt(receipt(n), NOW, local_day(NOW))
    await table.put(KEY.node_id, KEPT, STATED)
    late = replace(KEPT, digest="ff" * 32, unknown=(Listed(job(3), 1, leaf(receipt(3))),))
    await table.put(KEY.node_id, late, ())
    await table.came_late(late)
    assert await journal.stated.place(job(1), 1) == Place(KEPT.digest, 1)
    assert await journal.stated.place(job(3), 1) == Place(late.digest, 1)


@pytest.mark.parametrize(
    ("at_ms", "coordinator", "missing"),
    [
        (NOW + 5, KEY.node_id, True),
        (NOW, KEY.node_id, False),
        (NOW + EPOCH_MS, KEY.node_id, False),
        (NOW - 1, KEY.node_id, False),
        (NOW + EPOCH_MS + 1, KEY.node_id, False),
        (NOW + 5, OTHER.node_id, False),
    ],
)
async def test_a_receipt_left_out_of_its_epochs_statement_is_found(
    journal: Journal, at_ms: int, coordinator: str, missing: bool
) -> None:
    table = journal.statements
    await journal.money.put_receipt(receipt(9, at_ms=at_ms), NOW, local_day(NOW), "", coordinator)
    assert await journal.stated.missing([replace(KEPT, proved=False)]) == {}
    left_out = await journal.stated.missing([KEPT])
    view = reconciled(NODE, [KEPT], {KEPT.digest: Columns(2, 100_000, 100_000, 100_000)}, left_out, 1, 5)
    assert [(f.name, f.epoch, f.subject) for f in view.findings] == [("receipt_missing", 1, job(9))] * missing
    assert view.statements[0].findings == len(view.findings), "its own page counts the same"
    assert view.waiting == 1
    await table.put(KEY.node_id, KEPT, (Listed(job(9), 1, ""),))
    assert await journal.stated.missing([KEPT]) == {KEPT.digest: ()}


async def test_receipts_wait_for_statements_that_may_still_count_them(journal: Journal) -> None:
    """Any number that never will be counted hides neither what waits nor what is missing."""
    for n in range(100, 100 + 2 * MISSING_READ):
        other = receipt(n, at_ms=NOW - 7)
        await journal.money.put_receipt(other, NOW, local_day(NOW), "", OTHER.node_id)
    for n, at_ms in ((1, NOW - 1), (2, NOW + 5), (3, NOW + EPOCH_MS), (4, NOW + EPOCH_MS + 9)):
        await journal.money.put_receipt(receipt(n, at_ms=at_ms), NOW, local_day(NOW), "", KEY.node_id)
    assert await journal.stated.waiting(KEY.node_id, 0) == 4
    assert await journal.stated.waiting(KEY.node_id, KEPT.statement.closed_ms) == 2
    assert await journal.stated.missing([KEPT]) == {KEPT.digest: (job(2),)}
    assert await journal.stated.waiting(KEY.node_id, 1 << 70) == 0
    wild = replace(KEPT, statement=replace(KEPT.statement, opened_ms=-(1 << 70), closed_ms=1 << 70))
    assert await journal.stated.missing([wild]) == {wild.digest: (job(1), job(2), job(3), job(4))}


def test_what_no_statement_counts_is_found_by_an_index(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    bring_up(connection, 0)
    for query, numbers in ((_WAITING, 2), (_MISSING, 4), (_COLUMNS, 1), (_COVERING, 3)):
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", (1,) * numbers).fetchall()
        steps = [str(row[3]) for row in plan]
        assert not [step for step in steps if "SCAN" in step or "TEMP" in step], steps
    connection.close()


async def test_a_finding_is_added_once_and_stays(journal: Journal) -> None:
    assert not await journal.statements.accuse(KEY.node_id, 1, FINDING)
    await journal.statements.put(KEY.node_id, KEPT, STATED)
    assert await journal.statements.accuse(KEY.node_id, 1, FINDING)
    assert not await journal.statements.accuse(KEY.node_id, 1, FINDING)
    (kept,) = await journal.statements.of_epoch(KEY.node_id, 1)
    assert kept.findings == (FINDING,)


async def test_both_statements_of_one_epoch_are_kept_and_the_first_one_counts(journal: Journal) -> None:
    other = examine(world(OURS, closed_ms=NOW + 7), known())[0]
    await journal.statements.put(KEY.node_id, KEPT, STATED)
    await journal.statements.put(KEY.node_id, other, ())
    assert await journal.statements.of_epoch(KEY.node_id, 1) == [KEPT, other]
    assert await journal.statements.latest(5) == await journal.statements.latest(5, 1) == [KEPT]
    assert await journal.statements.newest(KEY.node_id) == KEPT


async def test_statements_of_epochs_far_ahead_do_not_hide_what_came_after(journal: Journal) -> None:
    ahead = [examine(world(OURS, epoch=10**9 + n), known())[0] for n in range(3)]
    after = [examine(world(OURS, epoch=n), known())[0] for n in (3, 4)]
    for one in (KEPT, *ahead, *after):
        await journal.statements.put(KEY.node_id, one, ())
    assert await journal.statements.latest(3) == [ahead[2], after[1], after[0]]
    assert len(await journal.statements.latest(9)) == 6
    other = examine(world(OURS, epoch=4, closed_ms=NOW + 7), known())[0]
    await journal.statements.put(KEY.node_id, other, ())
    assert await journal.statements.latest(2) == [after[1], after[0]], "a second one takes nobody's place"


async def test_receipts_of_a_journal_from_before_there_were_statements_are_not_missed(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    for step in _STEPS[:2]:
        step(connection)
    connection.execute("PRAGMA user_version=2")
    row = (job(1), NOW, msgspec.json.encode(receipt(1)))
    connection.execute("INSERT INTO receipts VALUES (?, 1, ?, ?, 'accepted')", row)
    connection.close()
    journal = Journal(tmp_path, b"k" * 32)
    await journal.open()
    assert await journal.money.receipt(job(1), 1) == receipt(1)
    assert await journal.stated.waiting(KEY.node_id, 0) == 0
    assert await journal.stated.missing([KEPT]) == {KEPT.digest: ()}
    await journal.close()
