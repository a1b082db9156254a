"""A statement beside what this node knows by itself: each tampering is a finding of its own name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statement_world import (
    AVAILABLE,
    BOND,
    FIRST,
    KEPT,
    NODE,
    OTHER,
    OURS,
    PENDING,
    SECOND,
    STATED,
    job,
    known,
    leaf,
    line,
    receipt,
    replace,
    world,
)

from console.agent.journal.kept_statements import Columns, KeptStatement, Listed
from console.agent.statements.examine import Told, examine
from console.agent.statements.fetch import bounded
from console.agent.statements.reconcile import reconciled
from console.ledger.history import history_proof
from console.protocol.ids import JobId, NodeId
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


def names(kept: KeptStatement) -> set[str]:
    return {finding.name for finding in kept.findings}


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
    view = reconciled(NODE, [kept], {kept.digest: Columns()}, {}, 0, 5)
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
    view = reconciled(NODE, [KEPT], columns(), {}, 0, 5)
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
    view = reconciled(NODE, [KEPT], columns(**changes), {}, 0, 5)
    assert {f.name for f in view.findings} == expected and view.statements[0].findings == 1


def test_what_was_taken_without_a_receipt_is_found() -> None:
    lines = (line(AVAILABLE, 0, 60_000), line(PENDING, 0, 100_000, 100_000))
    kept, _ = examine(world(OURS, (), lines), known())
    assert kept.findings == ()
    view = reconciled(NODE, [kept], {kept.digest: columns()[KEPT.digest]}, {}, 0, 5)
    assert {f.name for f in view.findings} == {"debits"} and view.statements[0].penalised == 40_000


def test_a_bond_that_was_paid_in_is_no_reward() -> None:
    lines = (line(AVAILABLE, 0, 100_000), line(BOND, 0, 7_000), line(PENDING, 0, 100_000, 100_000))
    kept, _ = examine(world(OURS, (), lines), known())
    view = reconciled(NODE, [kept], {kept.digest: columns()[KEPT.digest]}, {}, 0, 5)
    assert view.ok and (view.settled, view.statements[0].deposited) == (100_000, 7_000)


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
        reconciled(NODE, [kept], {kept.digest: Columns()}, {kept.digest: [job(1)]}, 1, 5)


def test_what_nothing_here_could_hold_is_left_out_of_an_answer() -> None:
    good = SECOND.receipts[0]
    strange = (replace(good, job=JobId("\x1b[2J")), replace(good, attempt=1 << 70), replace(good, attempt=-1))
    answer = StatementAnswer(2, SECOND.statement, receipts=(good, *strange), receipts_total=4)
    assert bounded(answer) == replace(answer, receipts=(good,))
    long = replace(SECOND.statement, history="ab" * 1_000)
    assert bounded(replace(answer, statement=long)).statement is None
