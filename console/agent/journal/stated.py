"""Which of this node's receipts stand in which statement, are missing, or wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.kept_statements import Columns, KeptStatement, Listed
from console.agent.journal.sums import bounded
from console.protocol.frames import receipt_bytes
from console.protocol.statements import Statement, receipt_leaf
from console.protocol.types import Receipt

MISSING_READ = 100
"""Of one statement, at most: one that leaves out more is wrong enough."""


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

    async def waiting(self, coordinator: str, since_ms: int) -> int:
        """Receipts of a coordinator that no statement counts, and that it booked since then by its clock.

        `since_ms`: when the newest statement closed. Those before it that stand in none never will: they are
        missing, or of an epoch whose statement this node did not get.
        """
        key = (coordinator, bounded(since_ms))
        row = await self._database.read(lambda c: c.execute(_WAITING, key).fetchone())
        return int(row[0])


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
