"""Money: every transaction sums to zero, parts nest, and nothing is taken that is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import ledger
from console.ledger import LedgerError
from console.protocol.ids import NanoCredits
from console.protocol.types import Balances, Policy, Posting, Transaction

amounts = st.integers(0, 10**12)


def sums_to_zero(transaction: Transaction) -> bool:
    return sum(p.amount for p in transaction.postings) == 0


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 100), amounts)
def test_payment_nests(prompt: int, completion: int, percent: int, bond: int) -> None:
    policy = Policy(holdback_percent=percent)
    cost = ledger.price(policy, prompt, completion)
    to_bond, to_pending = ledger.split_reward(policy, cost.reward, bond)
    assert to_bond + to_pending == cost.reward
    assert 0 <= to_bond <= max(0, policy.bond_target - bond)
    held = cost.client + 700
    paid = ledger.pay(
        "j", "c", "n", held=held, price=cost.client, reward=cost.reward, to_bond=to_bond, at_ms=1
    )
    assert sums_to_zero(paid)
    moved = {p.account: p.amount for p in paid.postings}
    assert moved[ledger.escrow("j")] == -held
    assert moved[ledger.client("c")] == held - cost.client


@given(amounts, amounts, amounts)
def test_penalty_takes_only_what_is_there(reward: int, bond: int, pending: int) -> None:
    from_bond, from_pending = ledger.collectable(Policy(), reward, bond, pending)
    assert 0 <= from_bond <= bond
    assert 0 <= from_pending <= pending
    assert from_bond + from_pending == min(Policy().penalty_multiple * reward, bond + pending)
    booked = ledger.penalty("j", 1, "n", from_bond, from_pending, 1)
    assert (booked is None) == (from_bond + from_pending == 0)
    assert booked is None or sums_to_zero(booked)


@given(st.integers(0, 10**9), amounts)
def test_a_withheld_nonce_never_costs_more_than_was_held(fee: int, held: int) -> None:
    due = ledger.withheld_fee(Policy(withheld_fee=fee), held)
    assert due == min(fee, held)
    assert not due or sums_to_zero(ledger.fee("j", "c", due, 1))


@pytest.mark.parametrize(
    ("postings", "why"),
    [
        ((), "moves"),
        ((Posting("a", NanoCredits(0)),), "moves"),
        ((Posting("a", NanoCredits(1)),), "zero"),
        ((Posting("a", NanoCredits(1 << 63)), Posting("b", NanoCredits(-(1 << 63)))), "64 bits"),
        ((Posting("a", NanoCredits(1)), Posting("a", NanoCredits(-1))), "twice"),
    ],
)
def test_what_may_not_be_booked(postings: tuple[Posting, ...], why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        ledger.check_transaction(Transaction("t", 1, postings))


def test_parts_that_do_not_nest_are_refused() -> None:
    with pytest.raises(LedgerError, match="held"):
        ledger.pay("j", "c", "n", held=5, price=7, reward=5, to_bond=0, at_ms=1)


def test_ids_make_double_booking_impossible() -> None:
    assert ledger.hold("j", "c", 5, 1).id == "hold:j"
    assert ledger.refund("j", "c", 5, 1).id == "refund:j"
    assert ledger.pay("j", "c", "n", held=7, price=7, reward=5, to_bond=0, at_ms=1).id == "pay:j"
    taken = ledger.penalty("j", 2, "n", 5, 0, 1)
    assert taken is not None
    assert taken.id == "penalty:j:2"
    assert ledger.fee("j", "c", 5, 1).id == "fee:j"
    assert ledger.close_epoch(4, "n", 5, 1).id == "epoch:4:n"
    assert ledger.deposit("x", "client:c", 5, 1).id == "deposit:x"


@given(
    held=st.lists(st.integers(0, 1 << 40), min_size=3, max_size=3),
    parts=st.lists(st.integers(1, 1 << 40), min_size=4, max_size=4).map(sorted),
)
def test_a_nodes_balances_after_a_transaction_are_its_postings_further(
    held: list[int], parts: list[int]
) -> None:
    before = Balances(*map(NanoCredits, held))
    to_bond, reward, due, most = parts
    paid = ledger.pay("job", "ann", "n", held=most, price=due, reward=reward, to_bond=to_bond, at_ms=1)
    pending, bond = held[0] + reward - to_bond, held[2] + to_bond
    assert ledger.balances_after(before, "n", paid) == Balances(
        NanoCredits(pending), NanoCredits(held[1]), NanoCredits(bond)
    )
    assert ledger.balances_after(before, "m", paid) == before
    if held[0]:
        closed = ledger.close_epoch(1, "n", held[0], 1)
        assert ledger.balances_after(before, "n", closed) == Balances(
            NanoCredits(0), NanoCredits(held[1] + held[0]), NanoCredits(held[2])
        )
