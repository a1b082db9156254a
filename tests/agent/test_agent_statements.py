"""A statement beside what this node knows by itself: each tampering is a finding of its own name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statement_world import (
    AVAILABLE,
    BOND,
    EPOCH_MS,
    KEY,
    NODE,
    NOW,
    OTHER,
    PENDING,
    job,
    leaf,
    line,
    receipt,
    replace,
    world,
)

from console.agent.clock import local_day
from console.agent.journal import JobRecord, Journal
from console.agent.journal.statements import Columns, KeptStatement, Listed, Unstated
from console.agent.statements.examine import Known, Told, examine
from console.agent.statements.fetch import bounded
from console.agent.statements.reconcile import reconciled
from console.control.state import JobView
from console.control.wire import Moment
from console.ledger.findings import Finding
from console.ledger.history import history_proof
from console.protocol.ids import EvidenceId, GroupId, JobId, NodeId
from console.protocol.messages import StatementAnswer
from console.protocol.statements import (
    AccountInclusion,
    AccountLine,
    HistoryProof,
    ReceiptInclusion,
    Statement,
    Sums,
    statement_bytes,
    statement_digest,
)
from console.protocol.types import DrawProof, Receipt, Result, Ticket, Verdict

OURS = (receipt(1), receipt(2))


def known(last: KeptStatement | None = None, receipts: tuple[Receipt, ...] = OURS, epoch: int = 2) -> Known:
    return Known(NODE, KEY.node_id, epoch, last, {(one.job, 1): leaf(one) for one in receipts})


def names(kept: KeptStatement) -> set[str]:
    return {finding.name for finding in kept.findings}


FIRST = world(OURS)
KEPT, STATED = examine(FIRST, known())
SECOND = world(
    (receipt(3),), (FIRST.statement,), (line(AVAILABLE, 100_000, 50_000), line(PENDING, 0, 50_000, 50_000))
)


def second(**told: Any) -> KeptStatement:
    return examine(replace(SECOND, **told), known(KEPT, (receipt(3),), 3))[0]


def test_what_is_right_has_no_finding_and_all_receipts_stand() -> None:
    assert KEPT.findings == () and KEPT.unknown == () and KEPT.proved
    assert [one.job for one in STATED] == [job(1), job(2)]
    assert {one.account for one in KEPT.lines} == {AVAILABLE, PENDING}
    assert second().findings == ()


def account(told: Told, name: str = AVAILABLE) -> AccountInclusion:
    return next(one for one in told.accounts if one.line.account == name)


def lied(told: Told, **sums: int) -> tuple[AccountInclusion, ...]:
    ours = account(told)
    other = replace(ours, line=replace(ours.line, sums=replace(ours.line.sums, **sums)))
    return tuple(other if one is ours else one for one in told.accounts)


TAMPERED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "changed closing balance": ({"accounts": lied(SECOND, closing=1)}, {"arithmetic"}),
    "credits and closing": ({"accounts": lied(SECOND, credits=60_000, closing=160_000)}, {"account_path"}),
    "negative leaf": ({"accounts": lied(SECOND, debits=150_001, closing=-1)}, {"out_of_bounds"}),
    "another opening": (
        {"accounts": lied(SECOND, opening=0, closing=50_000)},
        {"account_opening", "account_path"},
    ),
    "an account left out": ({"accounts": (account(SECOND, PENDING),)}, {"account_missing"}),
    "no proof at all": ({"accounts": (), "proved": False}, {"unproved"}),
    "fewer receipts than said": ({"receipts_total": 2}, {"receipt_missing"}),
    "a receipt at another place": (
        {"receipts": (replace(SECOND.receipts[0], index=1),)},
        {"receipt_path"},
    ),
    "a receipt twice": ({"receipts": SECOND.receipts * 2, "receipts_total": 2}, {"receipt_path"}),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_each_tampering_with_the_answer_has_its_name(what: str) -> None:
    told, expected = TAMPERED[what]
    assert expected <= names(second(**told))


def test_a_statement_signed_by_another_key_is_found() -> None:
    statement = replace(SECOND.statement, signature=OTHER.sign(statement_bytes(SECOND.statement)))
    assert names(second(statement=statement)) == {"signature"}


def test_a_broken_chain_is_found() -> None:
    wrong = world((receipt(3),), (FIRST.statement,), SECOND_LINES, last="00" * 32)
    kept, _ = examine(wrong, known(KEPT, (receipt(3),), 3))
    assert names(kept) == {"chain"}
    gone = examine(
        replace(SECOND, follows=None), known(replace(KEPT, statement=replace(FIRST.statement, epoch=0)))
    )[0]
    assert "history" in names(gone), "an epoch was left out, and nothing proves what was in it"


SECOND_LINES = tuple(one.line for one in SECOND.accounts)


def test_a_receipt_of_another_node_counted_as_ours_is_found() -> None:
    """For our job, the statement counts a receipt that is not the one that was given to us."""
    theirs = replace(receipt(3), node=NodeId("bb" * 32))
    told = world((theirs,), (FIRST.statement,), SECOND_LINES)
    kept, stated = examine(told, known(KEPT, (receipt(3),), 3))
    assert names(kept) == {"receipt_foreign"} and stated == ()


def test_a_receipt_that_never_came_here_is_found_until_it_comes() -> None:
    kept, stated = examine(SECOND, known(KEPT, (), 3))
    assert kept.unknown == (Listed(job(3), 1, leaf(receipt(3))),) and stated == ()
    view = reconciled(NODE, [kept], {kept.digest: Columns()}, [], 5)
    assert {f.name for f in view.findings} == {"receipt_unknown"}
    assert view.settled == 50_000, "it was credited, whatever came of its receipt"


def test_a_node_that_was_away_checks_what_it_missed_by_its_history() -> None:
    chain = [FIRST.statement]
    for _ in range(5):
        lines = (line(AVAILABLE, 100_000),)
        chain.append(world((), tuple(chain), lines).statement)
    digests = [statement_digest(one) for one in chain]
    told = world((), tuple(chain), (line(AVAILABLE, 100_000),))
    good = examine(replace(told, follows=history_proof(digests, 0)), known(KEPT, (), 8))[0]
    assert good.findings == ()
    for follows in (None, HistoryProof(), history_proof(digests, 1)):
        assert names(examine(replace(told, follows=follows), known(KEPT, (), 8))[0]) == {"history"}


def test_old_proofs_that_are_not_kept_are_no_fault() -> None:
    kept, _ = examine(replace(SECOND, accounts=(), proved=False), known(KEPT, (receipt(3),), 500))
    assert kept.findings == () and not kept.proved


def columns(**changes: int) -> dict[str, Columns]:
    usual = Columns(receipts=2, claimed=100_000, accepted=100_000, rewards=100_000)
    return {KEPT.digest: replace(usual, **changes)}


def test_three_equal_columns_are_no_finding() -> None:
    view = reconciled(NODE, [KEPT], columns(), [], 5)
    assert view.ok and (view.claimed, view.accepted, view.settled) == (100_000,) * 3
    (one,) = view.statements
    assert (one.receipts, one.pending, one.available, one.bond, one.deposited) == (2, 0, 100_000, 0, 0)


DIFFERENT: dict[str, tuple[dict[str, int], set[str]]] = {
    "receipts pay more than was credited": ({"rewards": 100_001, "accepted": 100_001}, {"credits"}),
    "verdicts cover more than receipts pay": ({"accepted": 100_500}, {"credits"}),
    "receipts take what was not taken": ({"penalties": 7}, {"debits"}),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_difference_is_a_finding_and_the_columns_show_it(what: str) -> None:
    changes, expected = DIFFERENT[what]
    view = reconciled(NODE, [KEPT], columns(**changes), [], 5)
    assert {f.name for f in view.findings} == expected and view.statements[0].findings == 1


def test_what_was_taken_without_a_receipt_is_found() -> None:
    lines = (line(AVAILABLE, 0, 60_000), line(PENDING, 0, 100_000, 100_000))
    kept, _ = examine(world(OURS, (), lines), known())
    assert kept.findings == ()
    view = reconciled(NODE, [kept], {kept.digest: columns()[KEPT.digest]}, [], 5)
    assert {f.name for f in view.findings} == {"debits"} and view.statements[0].penalised == 40_000


def test_a_bond_that_was_paid_in_is_no_reward() -> None:
    lines = (line(AVAILABLE, 0, 100_000), line(BOND, 0, 7_000), line(PENDING, 0, 100_000, 100_000))
    kept, _ = examine(world(OURS, (), lines), known())
    view = reconciled(NODE, [kept], {kept.digest: columns()[KEPT.digest]}, [], 5)
    assert view.ok and (view.settled, view.statements[0].deposited) == (100_000, 7_000)


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
def test_a_receipt_left_out_of_its_epochs_statement_is_found(
    at_ms: int, coordinator: str, missing: bool
) -> None:
    view = reconciled(NODE, [KEPT], columns(), [Unstated(job(9), at_ms, coordinator)], 5)
    assert [f.name for f in view.findings] == ["receipt_missing"] * missing
    assert view.waiting == 1


# The journal


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
        await journal.money.put_receipt(receipt(n), NOW, local_day(NOW))


async def test_a_statement_is_kept_with_its_receipts(journal: Journal) -> None:
    table = journal.statements
    for n in (1, 2, 3):
        await answered(journal, n)
    assert [one.job for one in await table.unstated()] == [job(1), job(2), job(3)]
    leaves = await table.leaves([Listed(job(n), 1, "") for n in (1, 2, 9)])
    assert leaves == {(job(1), 1): leaf(receipt(1)), (job(2), 1): leaf(receipt(2))}
    assert await table.put(KEY.node_id, KEPT, STATED, NOW)
    assert not await table.put(KEY.node_id, KEPT, STATED, NOW)
    assert await table.newest(KEY.node_id) == KEPT
    assert await table.newest(OTHER.node_id) is None
    assert await table.columns(KEPT.digest) == Columns(2, 100_000, 100_000, 100_000, 0)
    assert [one.job for one in await table.unstated()] == [job(3)]
    assert await table.latest(5) == await table.latest(5, 1) == [KEPT]
    assert await table.latest(5, 2) == []


async def test_a_receipt_that_comes_after_its_statement_finds_its_place(journal: Journal) -> None:
    table = journal.statements
    await answered(journal, 3, paid=False)
    kept, stated = examine(SECOND, known(KEPT, (), 3))
    await table.put(KEY.node_id, kept, stated, NOW)
    assert await table.came_late(kept) == kept
    await journal.money.put_receipt(receipt(3), NOW, local_day(NOW))
    assert (await table.came_late(kept)).unknown == ()
    assert await table.newest(KEY.node_id) == replace(kept, unknown=())
    assert await table.unstated() == []
    assert (await table.columns(kept.digest)).rewards == 50_000


async def test_a_finding_is_added_once_and_stays(journal: Journal) -> None:
    finding = Finding("two_statements", "Not all were told the same.", 1)
    assert not await journal.statements.accuse(KEY.node_id, 1, finding)
    await journal.statements.put(KEY.node_id, KEPT, STATED, NOW)
    assert await journal.statements.accuse(KEY.node_id, 1, finding)
    assert not await journal.statements.accuse(KEY.node_id, 1, finding)
    (kept,) = await journal.statements.of_epoch(KEY.node_id, 1)
    assert kept.findings == (finding,)


async def test_both_statements_of_one_epoch_are_kept_and_the_first_one_counts(journal: Journal) -> None:
    other = replace(KEPT, statement=replace(FIRST.statement, closed_ms=NOW + 7))
    await journal.statements.put(KEY.node_id, KEPT, STATED, NOW)
    await journal.statements.put(KEY.node_id, other, (), NOW + 1)
    assert await journal.statements.of_epoch(KEY.node_id, 1) == [KEPT, other]
    assert await journal.statements.latest(5) == [KEPT]
    assert await journal.statements.newest(KEY.node_id) == KEPT


async def test_receipts_of_a_journal_from_before_there_were_statements_are_not_missed(tmp_path: Path) -> None:
    import sqlite3

    from console.agent.journal.schema import _STEPS

    connection = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    for step in _STEPS[:2]:
        step(connection)
    connection.execute("PRAGMA user_version=2")
    row = (job(1), NOW, msgspec.json.encode(receipt(1)))
    connection.execute("INSERT INTO receipts VALUES (?, 1, ?, ?, 'accepted')", row)
    connection.close()
    journal = Journal(tmp_path, b"k" * 32)
    await journal.open()
    assert await journal.statements.unstated() == []
    await journal.close()


# Hostile answers


wild = st.integers(-(1 << 70), 1 << 70)
words = st.text(max_size=70) | st.just("00" * 32) | st.sampled_from([PENDING, AVAILABLE])
sums = st.builds(Sums, wild, wild, wild, wild)
statements = st.builds(
    Statement, wild, words, wild, wild, wild, words, words, wild, words, sums, wild, wild, wild, words, words
)
inclusions = st.builds(
    AccountInclusion, st.builds(AccountLine, words, sums), wild, st.just(()) | st.just(FIRST.accounts[0].path)
)
listings = st.builds(ReceiptInclusion, words | st.just(job(1)), wild, words, wild, st.just(()))


@given(statements, st.lists(inclusions, max_size=4), st.lists(listings, max_size=4), wild, st.booleans())
def test_nothing_hostile_raises(
    statement: Statement, accounts: list[Any], receipts: list[Any], total: int, proved: bool
) -> None:
    told = Told(statement, tuple(accounts), tuple(receipts), total, proved)
    for last in (None, KEPT):
        kept, stated = examine(told, known(last))
        assert kept.findings and stated == ()
        reconciled(NODE, [kept], {kept.digest: Columns()}, [Unstated(job(1), NOW, KEY.node_id)], 5)


def test_what_nothing_here_could_hold_is_left_out_of_an_answer() -> None:
    good = SECOND.receipts[0]
    strange = (replace(good, job=JobId("\x1b[2J")), replace(good, attempt=1 << 70), replace(good, attempt=-1))
    answer = StatementAnswer(2, SECOND.statement, receipts=(good, *strange), receipts_total=4)
    assert bounded(answer) == replace(answer, receipts=(good,))
    long = replace(SECOND.statement, history="ab" * 1_000)
    assert bounded(replace(answer, statement=long)).statement is None
