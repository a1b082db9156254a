"""Statements as they lie in the database, read beside whoever writes it."""

from __future__ import annotations

from dataclasses import dataclass

from console.coordinator.store.database import Readable
from console.coordinator.store.unit.statements import ReceiptRow

_BODY = "SELECT body FROM statements WHERE epoch = ?"
_STATEMENT = "SELECT body, lines FROM statements WHERE epoch = ?"
_RECEIPTS = "SELECT node, job, attempt, leaf FROM receipts WHERE epoch = ? ORDER BY node, job, attempt"
_EARLIER = "SELECT digest FROM statements WHERE epoch < ? ORDER BY epoch"


@dataclass(frozen=True, slots=True)
class StatedEpoch:
    """A statement, and what it counts."""

    body: bytes
    """A `Statement`, JSON."""
    lines: bytes
    """Its accounts, a tuple of `AccountLine` in msgpack; empty when they are not kept any more."""
    receipts: tuple[ReceiptRow, ...]
    """By node, job and attempt, as they were counted."""
    earlier: tuple[str, ...]
    """Digests of all statements before it, oldest first."""


def read_statement(db: Readable, epoch: int) -> bytes | None:
    """The epoch's `Statement`, JSON; None when there is none."""
    row = db.execute(_BODY, (epoch,)).fetchone()
    return None if row is None else bytes(row[0])


def read_stated(db: Readable, epoch: int) -> StatedEpoch | None:
    """All that proofs are made of; None when there is no such statement."""
    row = db.execute(_STATEMENT, (epoch,)).fetchone()
    if row is None:
        return None
    receipts = tuple(ReceiptRow(*one) for one in db.execute(_RECEIPTS, (epoch,)))
    earlier = tuple(digest for (digest,) in db.execute(_EARLIER, (epoch,)))
    body, lines = row
    return StatedEpoch(body, lines, receipts, earlier)
