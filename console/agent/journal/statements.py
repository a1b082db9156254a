"""Epochs' statements in the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.kept_statements import KeptStatement, Listed
from console.agent.journal.stated import leaves_of
from console.agent.journal.sums import bounded
from console.ledger.findings import Finding

EPOCH_LIMIT = 2**53
"""Epochs are numbered below it."""


class StatementTable:
    """One row per statement; two of one epoch are two rows, and both stay as evidence.

    Which one came first goes by the order of arrival: a clock that is set back must not turn them round.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, coordinator: str, kept: KeptStatement, stated: Sequence[Listed]) -> bool:
        """Keep a statement and mark the receipts that stand in it; False when it is there already."""
        epoch, digest = kept.statement.epoch, kept.digest
        opened_ms, closed_ms = bounded(kept.statement.opened_ms), bounded(kept.statement.closed_ms)
        row = (coordinator, epoch, digest, opened_ms, closed_ms, kept.proved, msgspec.json.encode(kept))

        def change(connection: sqlite3.Connection) -> bool:
            if connection.execute(_INSERT, row).rowcount != 1:
                return False
            connection.executemany(_MARK, [(digest, coordinator, one.job, one.attempt) for one in stated])
            return True

        return await self._database.write(change)

    async def newest(self, coordinator: str, below: int = EPOCH_LIMIT) -> KeptStatement | None:
        """Of one coordinator, of the epochs before `below`."""
        found = await self._read(
            "SELECT record FROM statements WHERE coordinator = ? AND epoch < ? "
            "ORDER BY epoch DESC, arrival LIMIT 1",
            coordinator,
            below,
        )
        return found[0] if found else None

    async def of_epoch(self, coordinator: str, epoch: int) -> list[KeptStatement]:
        """The first one that came is first; of an honest coordinator there is no second."""
        query = "SELECT record FROM statements WHERE coordinator = ? AND epoch = ? ORDER BY arrival"
        return await self._read(query, coordinator, epoch)

    async def latest(self, limit: int, epoch: int | None = None) -> list[KeptStatement]:
        """Those that came last of the coordinator heard of last, one of each epoch, newest epoch first.

        `epoch`: this one alone. Statements of epochs that are numbered far ahead do not hide what came after.
        """
        found = await self._read(_LATEST, epoch, epoch, limit)
        return sorted(found, key=lambda kept: kept.statement.epoch, reverse=True)

    async def accuse(self, coordinator: str, epoch: int, finding: Finding) -> bool:
        """Add a finding to the statement of an epoch; False when it has it already, or there is none."""

        def change(connection: sqlite3.Connection) -> bool:
            key = (coordinator, epoch)
            row = connection.execute(
                "SELECT digest, record FROM statements WHERE coordinator = ? AND epoch = ? ORDER BY arrival",
                key,
            ).fetchone()
            kept = None if row is None else msgspec.json.decode(row[1], type=KeptStatement)
            if kept is None or finding in kept.findings:
                return False
            changed = msgspec.structs.replace(kept, findings=(*kept.findings, finding))
            connection.execute(_REPLACE, (msgspec.json.encode(changed), *key, row[0]))
            return True

        return await self._database.write(change)

    async def came_late(self, kept: KeptStatement) -> KeptStatement:
        """`kept`, without those unknown receipts that have come in the meantime, which are marked."""
        leaves = await self._database.read(lambda c: leaves_of(c, kept.unknown)) if kept.unknown else {}
        here = {one for one in kept.unknown if leaves.get((one.job, one.attempt)) == one.leaf}
        key = (kept.statement.coordinator, kept.statement.epoch, kept.digest)

        def change(connection: sqlite3.Connection) -> KeptStatement:
            # A finding may have been added since `kept` was read.
            now = _decoded(connection.execute(_ONE, key).fetchone())
            if now is None:
                return kept
            left = tuple(one for one in now.unknown if one not in here)
            changed = msgspec.structs.replace(now, unknown=left)
            marks = [(kept.digest, kept.statement.coordinator, one.job, one.attempt) for one in here]
            connection.executemany(_MARK, marks)
            connection.execute(_REPLACE, (msgspec.json.encode(changed), *key))
            return changed

        return await self._database.write(change) if here else kept

    async def _read(self, query: str, *values: object) -> list[KeptStatement]:
        rows = await self._database.read(lambda c: c.execute(query, values).fetchall())
        return [msgspec.json.decode(row[0], type=KeptStatement) for row in rows]


_MARK = "UPDATE receipts SET statement = ?, coordinator = ? WHERE job = ? AND attempt = ?"
_INSERT = (
    "INSERT OR IGNORE INTO statements (coordinator, epoch, digest, opened_ms, closed_ms, proved, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_LATEST = """
SELECT record FROM statements AS s
WHERE coordinator = (SELECT coordinator FROM statements ORDER BY arrival DESC LIMIT 1)
    AND (? IS NULL OR epoch = ?) AND NOT EXISTS (
        SELECT 1 FROM statements AS b
        WHERE b.coordinator = s.coordinator AND b.epoch = s.epoch AND b.arrival < s.arrival)
ORDER BY arrival DESC LIMIT ?
"""
_ONE = "SELECT record FROM statements WHERE coordinator = ? AND epoch = ? AND digest = ?"
_REPLACE = "UPDATE statements SET record = ? WHERE coordinator = ? AND epoch = ? AND digest = ?"


def _decoded(row: tuple[bytes] | None) -> KeptStatement | None:
    return None if row is None else msgspec.json.decode(row[0], type=KeptStatement)
