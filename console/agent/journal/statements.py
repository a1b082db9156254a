"""Epochs' statements in the journal, and which of this node's receipts stand in which of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.sums import bounded
from console.ledger.findings import Finding
from console.protocol.frames import receipt_bytes
from console.protocol.statements import AccountLine, Statement, receipt_leaf, statement_digest
from console.protocol.types import Receipt

EPOCH_LIMIT = 2**53
"""Epochs are numbered below it."""
MISSING_READ = 100
"""Of one statement, at most: one that leaves out more is wrong enough."""


class Listed(msgspec.Struct, frozen=True):
    """A receipt that a statement counts as this node's."""

    job: str
    attempt: int
    leaf: str


class KeptStatement(msgspec.Struct, frozen=True):
    """A statement and what of it is this node's."""

    statement: Statement
    lines: tuple[AccountLine, ...]
    receipts: int
    unknown: tuple[Listed, ...]
    """Receipts that are counted as this node's and had not come here."""
    proved: bool
    findings: tuple[Finding, ...]
    """What was wrong with signature, chain or proofs."""

    @property
    def digest(self) -> str:
        """Its name."""
        return statement_digest(self.statement)


class Columns(msgspec.Struct, frozen=True):
    """What this node's receipts in one statement come to, nano-credits."""

    receipts: int = 0
    claimed: int = 0
    accepted: int = 0
    rewards: int = 0
    penalties: int = 0


class StatementTable:
    """One row per statement; two of one epoch are two rows, and both stay as evidence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, coordinator: str, kept: KeptStatement, stated: Sequence[Listed], at_ms: int) -> bool:
        """Keep a statement and mark the receipts that stand in it; False when it is there already."""
        epoch, digest = kept.statement.epoch, kept.digest
        row = (coordinator, epoch, digest, at_ms, msgspec.json.encode(kept))

        def change(connection: sqlite3.Connection) -> bool:
            inserted = connection.execute("INSERT OR IGNORE INTO statements VALUES (?, ?, ?, ?, ?)", row)
            if inserted.rowcount != 1:
                return False
            connection.executemany(_MARK, [(digest, one.job, one.attempt) for one in stated])
            return True

        return await self._database.write(change)

    async def newest(self, coordinator: str, below: int = EPOCH_LIMIT) -> KeptStatement | None:
        """Of one coordinator, of the epochs before `below`."""
        found = await self._read(
            "SELECT record FROM statements WHERE coordinator = ? AND epoch < ? "
            "ORDER BY epoch DESC, at_ms LIMIT 1",
            coordinator,
            below,
        )
        return found[0] if found else None

    async def of_epoch(self, coordinator: str, epoch: int) -> list[KeptStatement]:
        """The first one that came is first; of an honest coordinator there is no second."""
        query = "SELECT record FROM statements WHERE coordinator = ? AND epoch = ? ORDER BY at_ms"
        return await self._read(query, coordinator, epoch)

    async def latest(self, limit: int, epoch: int | None = None) -> list[KeptStatement]:
        """Of the coordinator heard of last, newest epoch first, one each; `epoch`: this one alone."""
        where = "" if epoch is None else "AND epoch = ?"
        query = (
            "SELECT record FROM statements WHERE coordinator = (SELECT coordinator FROM statements "
            f"ORDER BY at_ms DESC LIMIT 1) {where} ORDER BY epoch DESC, at_ms LIMIT ?"
        )
        found = await self._read(query, *(() if epoch is None else (epoch,)), limit)
        first = {kept.statement.epoch: kept for kept in reversed(found)}
        return [first[number] for number in sorted(first, reverse=True)]

    async def accuse(self, coordinator: str, epoch: int, finding: Finding) -> bool:
        """Add a finding to the statement of an epoch; False when it has it already, or there is none."""

        def change(connection: sqlite3.Connection) -> bool:
            key = (coordinator, epoch)
            row = connection.execute(
                "SELECT digest, record FROM statements WHERE coordinator = ? AND epoch = ? ORDER BY at_ms",
                key,
            ).fetchone()
            kept = None if row is None else msgspec.json.decode(row[1], type=KeptStatement)
            if kept is None or finding in kept.findings:
                return False
            changed = msgspec.structs.replace(kept, findings=(*kept.findings, finding))
            connection.execute(_REPLACE, (msgspec.json.encode(changed), *key, row[0]))
            return True

        return await self._database.write(change)

    async def leaves(self, listed: Sequence[Listed]) -> dict[tuple[str, int], str]:
        """The leaves of those receipts that are here, by job and attempt."""
        return await self._database.read(lambda c: _leaves(c, listed))

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

    async def came_late(self, kept: KeptStatement) -> KeptStatement:
        """`kept`, without those unknown receipts that have come in the meantime, which are marked."""

        def change(connection: sqlite3.Connection) -> KeptStatement:
            leaves = _leaves(connection, kept.unknown)
            here = [one for one in kept.unknown if leaves.get((one.job, one.attempt)) == one.leaf]
            if not here:
                return kept
            left = tuple(one for one in kept.unknown if one not in here)
            changed = msgspec.structs.replace(kept, unknown=left)
            connection.executemany(_MARK, [(kept.digest, one.job, one.attempt) for one in here])
            key = (kept.statement.coordinator, kept.statement.epoch, kept.digest)
            connection.execute(_REPLACE, (msgspec.json.encode(changed), *key))
            return changed

        return await self._database.write(change) if kept.unknown else kept

    async def _read(self, query: str, *values: object) -> list[KeptStatement]:
        rows = await self._database.read(lambda c: c.execute(query, values).fetchall())
        return [msgspec.json.decode(row[0], type=KeptStatement) for row in rows]


_MARK = "UPDATE receipts SET statement = ? WHERE job = ? AND attempt = ?"
_REPLACE = "UPDATE statements SET record = ? WHERE coordinator = ? AND epoch = ? AND digest = ?"
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


def _leaves(connection: sqlite3.Connection, listed: Sequence[Listed]) -> dict[tuple[str, int], str]:
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
