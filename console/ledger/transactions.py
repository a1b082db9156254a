"""The ledger's transactions. Each has a unique id, so that booking it twice is impossible by construction."""

from __future__ import annotations

from console.ledger.accounts import (
    LOAD_CLIENT,
    OUTSIDE,
    PENALTIES,
    TREASURY,
    client,
    escrow,
    node_available,
    node_bond,
    node_pending,
)
from console.protocol.ids import NanoCredits
from console.protocol.types import Balances, Posting, Transaction

_LIMIT = 1 << 63


class LedgerError(Exception):
    """A transaction that may not be booked; the text says why."""


def check_transaction(transaction: Transaction) -> Transaction:
    """Return `transaction` if it may be booked.

    Raises:
        LedgerError: no postings, one of zero, one beyond 64 bits, an account twice, or a sum other than 0.
    """
    amounts = [p.amount for p in transaction.postings]
    accounts = [p.account for p in transaction.postings]
    if not amounts or 0 in amounts:
        raise LedgerError(f"{transaction.id}: every posting moves something")
    if any(not -_LIMIT <= a < _LIMIT for a in amounts):
        raise LedgerError(f"{transaction.id}: an amount beyond 64 bits")
    if len(set(accounts)) != len(accounts):
        raise LedgerError(f"{transaction.id}: an account stands twice")
    if sum(amounts):
        raise LedgerError(f"{transaction.id}: the postings sum to {sum(amounts)}, not to zero")
    return transaction


def _book(transaction_id: str, at_ms: int, *moves: tuple[str, int]) -> Transaction:
    postings = tuple(Posting(account, NanoCredits(amount)) for account, amount in moves if amount)
    return check_transaction(Transaction(transaction_id, at_ms, postings))


def hold(job: str, client_id: str, amount: int, at_ms: int) -> Transaction:
    """Reserve the most that a job can cost."""
    return _book(f"hold:{job}", at_ms, (client(client_id), -amount), (escrow(job), amount))


def pay(
    job: str, client_id: str, node: str, *, held: int, price: int, reward: int, to_bond: int, at_ms: int
) -> Transaction:
    """Settle an accepted job: reward to bond and pending, the network's share, the rest back.

    Raises:
        LedgerError: the parts do not nest (`to_bond ≤ reward ≤ price ≤ held`).
    """
    if not 0 <= to_bond <= reward <= price <= held:
        raise LedgerError(f"pay:{job}: bond {to_bond}, reward {reward}, price {price}, held {held}")
    return _book(
        f"pay:{job}",
        at_ms,
        (escrow(job), -held),
        (node_pending(node), reward - to_bond),
        (node_bond(node), to_bond),
        (TREASURY, price - reward),
        (client(client_id), held - price),
    )


def refund(job: str, client_id: str, amount: int, at_ms: int) -> Transaction:
    """Give everything that was held for a job back."""
    return _book(f"refund:{job}", at_ms, (escrow(job), -amount), (client(client_id), amount))


def fee(job: str, client_id: str, amount: int, at_ms: int) -> Transaction:
    """What a client pays that withheld its nonce: it goes where penalties go, and is no income."""
    return _book(f"fee:{job}", at_ms, (client(client_id), -amount), (PENALTIES, amount))


def penalty(
    job: str, attempt: int, node: str, from_bond: int, from_pending: int, at_ms: int
) -> Transaction | None:
    """Take what a rejected answer costs; None when the node has nothing that could be taken."""
    total = from_bond + from_pending
    if total == 0:
        return None
    return _book(
        f"penalty:{job}:{attempt}",
        at_ms,
        (node_bond(node), -from_bond),
        (node_pending(node), -from_pending),
        (PENALTIES, total),
    )


def balances_after(before: Balances, node: str, transaction: Transaction) -> Balances:
    """A node's accounts once `transaction` is booked on them."""
    moved = {posting.account: posting.amount for posting in transaction.postings}
    return Balances(
        NanoCredits(before.pending + moved.get(node_pending(node), 0)),
        NanoCredits(before.available + moved.get(node_available(node), 0)),
        NanoCredits(before.bond + moved.get(node_bond(node), 0)),
    )


def close_epoch(epoch: int, node: str, amount: int, at_ms: int) -> Transaction:
    """What a node earned in an epoch becomes available."""
    return _book(
        f"epoch:{epoch}:{node}", at_ms, (node_pending(node), -amount), (node_available(node), amount)
    )


def fund_load(name: str, amount: int, at_ms: int) -> Transaction:
    """The treasury pays for load challenges: their answers cost what any other does."""
    return _book(f"load:{name}", at_ms, (TREASURY, -amount), (client(LOAD_CLIENT), amount))


def deposit(name: str, account: str, amount: int, at_ms: int) -> Transaction:
    """Credit an account from outside the network."""
    return _book(f"deposit:{name}", at_ms, (OUTSIDE, -amount), (account, amount))
