"""Which of this node's receipts stand in which statement, are missing, or wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.kept_statements import Columns, KeptStatement, Listed
from console.agent.journal.sums import bounded
from console.control.statement_detail import StatedReceipt
from console.protocol.frames import receipt_bytes
from console.protocol.statements import Statement, receipt_leaf
from console.protocol.types import Receipt

MISSING_READ = 100
"""Of one statement, at most: one that leaves out more is wrong enough."""


class Place(NamedTuple):
    """Where a receipt stands."""

    digest: str
    """Of the statement that counts it; empty: none that is kept here does."""
    epoch: int
    """Of that statement."""
    missing_in: int = 0
    """The epoch whose statement should count it and does not; 0: none."""


class StatedReceipts:
    """Reads the receipts by the statements that count them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def leaves(self, listed: Sequence[Listed]) -> dict[tuple[str, int], str]:
        """The leaves of those receipts that are here, by job and attempt."""
        return await self._database.read(lambda c: leaves_of(c, listed))

    async def columns(self, digest: str) -> Columns:
        """Of this node's receipts in a statement."""
        row = await self._database.read(lambda c: c.execute(_COLUMNS, (digest,)).fetchone())
        return Columns(*row)

    async def missing(self, kept: Sequence[KeptStatement]) -> dict[str, tuple[str, ...]]:
        """Jobs whose receipts were booked in an epoch, and no statement counts them; by its digest."""
        keys = [(one.digest, _span(one.statement)) for one in kept if one.proved]
        return await self._database.read(
            lambda c: {
                digest: tuple(row[0] for row in c.execute(_MISSING, (*span, MISSING_READ)))
                for digest, span in keys
            }
        )

    async def place(self, job: str, attempt: int) -> Place | None:
        """Where the receipt of one attempt stands; None while there is no receipt."""
        row = await self._database.read(lambda c: c.execute(_PLACE, (job, attempt)).fetchone())
        if row is None:
            return None
        digest, coordinator, booked_ms, epoch = row
        if digest or not coordinator:
            return Place(digest, epoch or 0)
        key = (coordinator, booked_ms, booked_ms)
        missing = await self._database.read(lambda c: c.execute(_COVERING, key).fetchone())
        return Place("", 0, 0 if missing is None else missing[0])

    async def listed(self, digest: str, limit: int) -> tuple[StatedReceipt, ...]:
        """This node's receipts in a statement, the last booked first."""
        rows = await self._database.read(lambda c: c.execute(_LISTED, (digest, limit)).fetchall())
        return tuple(StatedReceipt(*row) for row in rows)

    async def waiting(self, coordinator: str, since_ms: int) -> int:
        """Receipts of a coordinator that no statement counts, and that it booked since then by its clock.

        `since_ms`: when the newest statement closed. Those before it that stand in none never will: they are
        missing, or of an epoch whose statement this node did not get.
        """
        key = (coordinator, bounded(since_ms))
        row = await self._database.read(lambda c: c.execute(_WAITING, key).fetchone())
        return int(row[0])


_PLACE = (
    "SELECT r.statement, r.coordinator, r.booked_ms, s.epoch FROM receipts AS r LEFT JOIN statements AS s "
    "ON s.coordinator = r.coordinator AND s.digest = r.statement WHERE r.job = ? AND r.attempt = ?"
)
_COVERING = """
SELECT epoch FROM statements WHERE coordinator = ? AND proved = 1 AND opened_ms < ? AND closed_ms > ?
ORDER BY closed_ms LIMIT 1
"""
_LISTED = """
SELECT job, attempt, json_extract(CAST(record AS TEXT), '$.reward'),
    json_extract(CAST(record AS TEXT), '$.penalty')
FROM receipts WHERE statement = ? ORDER BY booked_ms DESC LIMIT ?
"""
_WAITING = "SELECT count(*) FROM receipts WHERE statement = '' AND coordinator = ? AND booked_ms >= ?"
_MISSING = (
    "SELECT job FROM receipts WHERE statement = '' AND coordinator = ? AND booked_ms > ? AND booked_ms < ? "
    "ORDER BY booked_ms LIMIT ?"
)
_COLUMNS = """
SELECT count(*), coalesce(sum(a.claimed), 0), coalesce(sum(a.passed), 0),
    coalesce(sum(json_extract(CAST(r.record AS TEXT), '$.reward')), 0),
    coalesce(sum(json_extract(CAST(r.record AS TEXT), '$.penalty')), 0)
FROM receipts AS r LEFT JOIN answers AS a ON a.job = r.job AND a.attempt = r.attempt WHERE r.statement = ?
"""


def leaves_of(connection: sqlite3.Connection, listed: Sequence[Listed]) -> dict[tuple[str, int], str]:
    """The leaves of those receipts that are here, by job and attempt."""
    found = {}
    for one in listed:
        key = (one.job, one.attempt)
        row = connection.execute("SELECT record FROM receipts WHERE job = ? AND attempt = ?", key).fetchone()
        if row is not None:
            receipt = msgspec.json.decode(row[0], type=Receipt)
            found[key] = receipt_leaf(receipt_bytes(receipt), receipt.signature)
    return found


def _span(statement: Statement) -> tuple[str, int, int]:
    """What was booked just as an epoch opened or closed may stand in either statement."""
    return statement.coordinator, bounded(statement.opened_ms), bounded(statement.closed_ms)
