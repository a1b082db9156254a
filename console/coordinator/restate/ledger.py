"""The ledger as it lies in a coordinator's database, read at one moment."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from console.coordinator.store import StatementRow
from console.coordinator.store.schema import DATABASE
from console.coordinator.store.sqlite_reading import look

_SUMS = """SELECT t.epoch,
  CASE WHEN p.account > 'escrow:' AND p.account < 'escrow;' THEN 'escrow' ELSE p.account END AS stated,
  sum(max(p.amount, 0)), sum(max(-p.amount, 0))
  FROM postings p JOIN transactions t ON t.id = p."transaction" GROUP BY t.epoch, stated"""
_UNEVEN = """SELECT p."transaction", t.epoch, sum(p.amount) FROM postings p
  LEFT JOIN transactions t ON t.id = p."transaction" GROUP BY p."transaction"
  HAVING sum(p.amount) <> 0 OR t.epoch IS NULL"""
_BALANCES = """SELECT account, sum(amount) FROM (
  SELECT account, amount FROM balances UNION ALL SELECT account, -amount FROM postings)
  GROUP BY account HAVING sum(amount) <> 0"""
_RECEIPTS = """SELECT r.epoch, r.node, r.job, r.attempt, r.body, r.leaf, coalesce(j.reward, -1),
  coalesce(v.outcome, ''), coalesce(v.node, '')
  FROM receipts r LEFT JOIN jobs j ON j.id = r.job
  LEFT JOIN verdicts v ON v.job = r.job AND v.attempt = r.attempt
  ORDER BY r.epoch, r.node, r.job, r.attempt"""
_UNANSWERED = """SELECT v.job, v.attempt, v.node FROM verdicts v
  LEFT JOIN receipts r ON r.job = v.job AND r.attempt = v.attempt WHERE r.job IS NULL"""
_PAID = """SELECT p."transaction", t.epoch, p.account, p.amount FROM postings p
  JOIN transactions t ON t.id = p."transaction"
  WHERE p.account LIKE 'node:%' AND (t.id LIKE 'pay:%' OR t.id LIKE 'penalty:%')"""


class Moved(msgspec.Struct, frozen=True):
    """What went into and out of an account in an epoch, by the postings. Escrows as one account."""

    account: str
    credits: int
    debits: int


class Uneven(msgspec.Struct, frozen=True):
    """A transaction whose postings do not sum to zero, or that has postings and no transaction (epoch 0)."""

    id: str
    epoch: int
    sum: int


class KeptReceipt(msgspec.Struct, frozen=True):
    """A receipt as it lies there, beside what the job and the verdict say."""

    epoch: int
    node: str
    job: str
    attempt: int
    body: bytes
    leaf: str
    reward: int
    """What the job says that it earned; -1: there is no such job."""
    outcome: str
    judged: str
    """The node that was judged."""


class NodePosting(msgspec.Struct, frozen=True):
    """What a payment or penalty moved on a node's account."""

    transaction: str
    epoch: int
    account: str
    amount: int


class Ledger(msgspec.Struct, frozen=True):
    """All of it."""

    statements: tuple[StatementRow, ...]
    moved: dict[int, list[Moved]]
    uneven: tuple[Uneven, ...]
    unlike: tuple[tuple[str, int], ...]
    """Accounts whose running balance differs from their postings, and by how much."""
    receipts: tuple[KeptReceipt, ...]
    unanswered: tuple[tuple[str, int, str], ...]
    """Job, attempt and node of verdicts for which there is no receipt."""
    postings: tuple[NodePosting, ...]
    closed: tuple[int, ...]
    """Epochs that are over."""
    books: int


def read_ledger(folder: Path) -> Ledger:
    """Everything there is.

    Raises:
        StoreError: as `look`.
    """
    with look(folder / DATABASE) as db:
        return _read(db)


def _read(db: sqlite3.Connection) -> Ledger:
    moved: dict[int, list[Moved]] = {}
    for epoch, *row in db.execute(_SUMS):
        moved.setdefault(epoch, []).append(Moved(*row))
    statements = db.execute("SELECT epoch, digest, body, lines, held FROM statements ORDER BY epoch")
    return Ledger(
        statements=tuple(StatementRow(*row) for row in statements),
        moved=moved,
        uneven=tuple(Uneven(i, epoch or 0, amount) for i, epoch, amount in db.execute(_UNEVEN)),
        unlike=tuple(db.execute(_BALANCES)),
        receipts=tuple(KeptReceipt(*row) for row in db.execute(_RECEIPTS)),
        unanswered=tuple(db.execute(_UNANSWERED)),
        postings=tuple(NodePosting(*row) for row in db.execute(_PAID)),
        closed=tuple(e for (e,) in db.execute("SELECT epoch FROM epochs WHERE closed_ms > 0 ORDER BY epoch")),
        books=db.execute("SELECT coalesce(max(epoch), 0) FROM books").fetchone()[0],
    )
