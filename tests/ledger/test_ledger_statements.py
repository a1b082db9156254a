"""Statements: every single field that is changed is found, and by its right name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statement_books import KEY, line, signed, stated

from console.ledger import LedgerError
from console.ledger.history import GrowingHistory, history_proof
from console.ledger.stated_accounts import stated_client
from console.ledger.statements import (
    Closing,
    account_findings,
    accounts_tree,
    chain_findings,
    history_findings,
    receipt_findings,
    receipts_tree,
    same_findings,
    statement_findings,
    unsigned_statement,
)
from console.ledger.sum_tree import LIMIT
from console.protocol.ids import JobId
from console.protocol.keys import SigningKey
from console.protocol.statements import (
    AccountInclusion,
    HistoryProof,
    ReceiptInclusion,
    Statement,
    receipt_leaf,
    statement_digest,
)

OTHER = SigningKey(b"x" * 32)
replace = msgspec.structs.replace
LEAVES = tuple(receipt_leaf(b"%d" % n, "ab") for n in range(5))
FIRST_LINES = (
    line("client:x", 0, 1_000_000, 70_000),
    line("node:a:bond", 0, 20_000),
    line("node:a:pending", 0, 30_000),
    line("treasury", 0, 20_000),
)
FIRST = stated(FIRST_LINES, receipts=LEAVES, deposited=1_000_000)
SECOND_LINES = (
    line("client:x", 930_000),
    line("node:a:available", 0, 30_000),
    line("node:a:bond", 20_000),
    line("node:a:pending", 30_000, 0, 30_000),
    line("treasury", 20_000),
)
SECOND = stated(SECOND_LINES, (FIRST,))


def names(findings: tuple[Any, ...]) -> set[str]:
    return {finding.name for finding in findings}


def test_what_is_right_has_no_finding() -> None:
    assert statement_findings(FIRST, KEY.node_id) == statement_findings(SECOND, KEY.node_id) == ()
    assert chain_findings(FIRST, None) == chain_findings(SECOND, FIRST) == ()
    assert same_findings(FIRST, FIRST) == same_findings(FIRST, SECOND) == ()
    tree = accounts_tree(FIRST_LINES)
    assert tree is not None
    for index in range(4):
        assert account_findings(FIRST, tree.inclusion(index)) == ()
    receipts = receipts_tree(LEAVES)
    assert receipts is not None
    for index, leaf in enumerate(LEAVES):
        path = tuple(node.hex() for node in receipts.path(index))
        assert receipt_findings(FIRST, ReceiptInclusion(JobId("j"), 1, leaf, index, path)) == ()


def test_a_network_without_money_can_be_stated() -> None:
    nothing = stated(())
    assert statement_findings(nothing, KEY.node_id) == chain_findings(nothing, None) == ()


@pytest.mark.parametrize("field", [f for f in Statement.__struct_fields__ if f != "sums"])
def test_every_field_is_under_the_signature(field: str) -> None:
    value = getattr(FIRST, field)
    other = value + 1 if isinstance(value, int) else "00" * 32
    assert "signature" in names(statement_findings(replace(FIRST, **{field: other}), KEY.node_id))


@pytest.mark.parametrize("field", ["opening", "credits", "debits", "closing"])
def test_a_changed_sum_is_found_even_when_it_is_signed(field: str) -> None:
    sums = replace(FIRST.sums, **{field: getattr(FIRST.sums, field) + 1})
    assert "signature" in names(statement_findings(replace(FIRST, sums=sums), KEY.node_id))
    assert "arithmetic" in names(statement_findings(signed(replace(FIRST, sums=sums)), KEY.node_id))


SIGNED: dict[str, tuple[Callable[[Statement], Statement], str]] = {
    "signed by another key": (lambda s: signed(s, OTHER), "signature"),
    "of another coordinator": (lambda s: signed(replace(s, coordinator=OTHER.node_id)), "signature"),
    "negative sum": (
        lambda s: signed(replace(s, sums=replace(s.sums, debits=-5, credits=0))),
        "out_of_bounds",
    ),
    "beyond 64 bits": (lambda s: signed(replace(s, sums=replace(s.sums, opening=LIMIT))), "out_of_bounds"),
    "negative count": (lambda s: signed(replace(s, withdrawn=-1)), "out_of_bounds"),
    "money from nowhere": (lambda s: signed(replace(s, deposited=s.deposited + 1)), "unbalanced"),
    "money gone": (lambda s: signed(replace(s, withdrawn=s.withdrawn + 1)), "unbalanced"),
    "closes before it opens": (lambda s: signed(replace(s, closed_ms=1)), "times"),
    "a root without accounts": (lambda s: signed(replace(s, accounts=0)), "totals"),
    "receipts without a root": (lambda s: signed(replace(s, receipts_root="")), "totals"),
}


@pytest.mark.parametrize("what", SIGNED)
def test_what_the_coordinator_itself_signs_wrongly_is_found(what: str) -> None:
    change, name = SIGNED[what]
    assert name in names(statement_findings(change(FIRST), KEY.node_id))


CHAINED: dict[str, tuple[Callable[[Statement], Statement], str]] = {
    "names another": (lambda s: replace(s, last="00" * 32), "chain"),
    "names none": (lambda s: replace(s, last=""), "chain"),
    "leaves an epoch out": (lambda s: replace(s, epoch=s.epoch + 1), "chain"),
    "opens with more": (lambda s: replace(s, sums=replace(s.sums, opening=s.sums.opening + 1)), "opening"),
    "miscounts": (lambda s: replace(s, before=5), "history"),
    "leaves time out": (lambda s: replace(s, opened_ms=s.opened_ms + 1), "times"),
}


@pytest.mark.parametrize("what", CHAINED)
def test_a_broken_chain_is_found(what: str) -> None:
    change, name = CHAINED[what]
    assert names(chain_findings(change(SECOND), FIRST)) == {name}


def test_a_first_statement_has_nothing_before_it() -> None:
    assert names(chain_findings(SECOND, None)) == {"chain", "opening"}


def test_two_statements_for_one_epoch_are_found() -> None:
    other = signed(replace(FIRST, closed_ms=5_000))
    assert statement_findings(other, KEY.node_id) == ()
    assert names(same_findings(FIRST, other)) == {"two_statements"}


def proof(index: int = 1) -> AccountInclusion:
    tree = accounts_tree(FIRST_LINES)
    assert tree is not None
    return tree.inclusion(index)


def with_sums(inclusion: AccountInclusion, **sums: int) -> AccountInclusion:
    return replace(inclusion, line=replace(inclusion.line, sums=replace(inclusion.line.sums, **sums)))


ACCOUNTS: dict[str, tuple[AccountInclusion, str]] = {
    "changed closing balance": (with_sums(proof(), closing=1), "arithmetic"),
    "changed closing and credits": (with_sums(proof(), credits=1, closing=1), "account_path"),
    "negative leaf": (with_sums(proof(), debits=20_001, closing=-1), "out_of_bounds"),
    "overflow": (with_sums(proof(), opening=LIMIT, closing=LIMIT + 20_000), "out_of_bounds"),
    "another account": (replace(proof(), line=replace(proof().line, account="node:b:bond")), "account_path"),
    "another place": (replace(proof(), index=2), "account_path"),
    "no path": (replace(proof(), path=()), "account_path"),
    "negative sibling": (
        replace(
            proof(),
            path=(
                replace(proof().path[0], sums=replace(proof().path[0].sums, closing=-9)),
                *proof().path[1:],
            ),
        ),
        "out_of_bounds",
    ),
}


@pytest.mark.parametrize("what", ACCOUNTS)
def test_a_tampered_account_is_found(what: str) -> None:
    inclusion, name = ACCOUNTS[what]
    assert name in names(account_findings(FIRST, inclusion))


def test_a_tree_that_sums_to_something_else_than_the_statement_is_found() -> None:
    lying = signed(replace(FIRST, sums=replace(FIRST.sums, debits=0, credits=930_000), deposited=930_000))
    assert names(account_findings(lying, proof())) == {"totals"}


@given(st.integers(0, 4), st.integers(-2, 7), st.sampled_from((*LEAVES, "zz", "", "00" * 32)))
def test_a_receipt_stands_only_where_it_stands(index: int, told: int, leaf: str) -> None:
    receipts = receipts_tree(LEAVES)
    assert receipts is not None
    path = tuple(node.hex() for node in receipts.path(index))
    found = receipt_findings(FIRST, ReceiptInclusion(JobId("j"), 1, leaf, told, path))
    assert (found == ()) == (told == index and leaf == LEAVES[index])


def test_a_removed_receipt_leaves_no_proof() -> None:
    """With one receipt fewer under the root, no path leads there from it."""
    fewer = stated(FIRST_LINES, receipts=LEAVES[:-1], deposited=1_000_000)
    receipts = receipts_tree(LEAVES)
    assert receipts is not None
    path = tuple(node.hex() for node in receipts.path(4))
    for told in range(5):
        assert receipt_findings(fewer, ReceiptInclusion(JobId("j"), 1, LEAVES[4], told, path)) != ()


def long_chain(length: int) -> list[Statement]:
    chain: list[Statement] = []
    for _ in range(length):
        opening = chain[-1].sums.closing if chain else 0
        chain.append(stated((line("treasury", opening, 5),), tuple(chain), deposited=5))
    return chain


def test_a_node_that_was_away_checks_the_statements_in_between_by_their_history() -> None:
    chain = long_chain(12)
    digests = [statement_digest(one) for one in chain]
    for place in range(11):
        found = history_findings(chain[11], chain[place], history_proof(digests[:11], place))
        assert found == (), place
    rewritten = signed(replace(chain[3], closed_ms=9))
    assert names(history_findings(chain[11], rewritten, history_proof(digests[:11], 3))) == {"history"}
    assert names(history_findings(chain[11], chain[3], history_proof(digests[:11], 4))) == {"history"}
    assert names(history_findings(chain[11], chain[3], HistoryProof(("zz",), ("zz",)))) == {"history"}


def test_books_that_do_not_balance_are_not_stated() -> None:
    closing = Closing(1, KEY.node_id, 0, 1, (line("a", 0, 5),), (), 4, 0)
    with pytest.raises(LedgerError, match="nowhere"):
        unsigned_statement(closing, GrowingHistory())


def test_a_clients_account_is_found_by_who_knows_its_nonce_alone() -> None:
    ours, theirs = stated_client("ann", "11" * 32), stated_client("ann", "22" * 32)
    assert ours != theirs != stated_client("bob", "22" * 32)
    assert ours.startswith("client:") and "ann" not in ours


def test_a_leaf_binds_content_and_signature() -> None:
    assert len({receipt_leaf(b"a", "11"), receipt_leaf(b"b", "11"), receipt_leaf(b"a", "12")}) == 3


wild = st.integers(-(1 << 70), 1 << 70) | st.just(5)
words = st.text(max_size=70) | st.just("00" * 32)
"""No lone surrogates: no frame with one is decoded."""


@given(st.data())
def test_nothing_hostile_raises(data: st.DataObject) -> None:
    from hypothesis.strategies import builds

    from console.protocol.statements import SumNode, Sums

    sums = builds(Sums, wild, wild, wild, wild)
    statements = builds(
        Statement,
        wild,
        words,
        wild,
        wild,
        wild,
        words,
        words,
        wild,
        words,
        sums,
        wild,
        wild,
        wild,
        words,
        words,
    )
    one, other = data.draw(statements), data.draw(statements)
    nodes = st.lists(builds(SumNode, words, sums), max_size=3).map(tuple)
    from console.protocol.statements import AccountLine

    account = data.draw(builds(AccountInclusion, builds(AccountLine, words, sums), wild, nodes))
    receipt = data.draw(
        builds(ReceiptInclusion, words, wild, words, wild, st.lists(words, max_size=3).map(tuple))
    )
    history = data.draw(builds(HistoryProof, st.lists(words, max_size=3), st.lists(words, max_size=3)))
    statement_findings(one, KEY.node_id)
    chain_findings(one, other)
    same_findings(one, other)
    history_findings(one, other, history)
    account_findings(one, account)
    receipt_findings(one, receipt)
