"""Evidence of the network's draws that this node has seen: presence receipts and commitments.

What is old goes by the order of arrival. A slot or an epoch is the coordinator's own number: one that is far
too high must not drive out what the coordinator can be held to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.records import JobRecord
from console.control.witnessed import KeptEvidence
from console.protocol.messages import Presence
from console.protocol.types import DrawProof

RECEIPTS_KEPT = 20_000
"""Of each coordinator; with a heartbeat every 2 s, about eleven hours."""
COMMITMENTS_KEPT = 2_000
RECEIPTS_READ = 8_000
"""At once, at most."""


class Seen(NamedTuple):
    """A presence receipt as it is kept."""

    coordinator: str
    slot: int
    digest: bytes
    """SHA-256 of `record`: two receipts of one slot that differ are two rows."""
    record: bytes
    """JSON of the `Presence`."""


class WitnessTable:
    """What a coordinator can be held to; only the newest, for transcripts are audited soon or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_presences(self, some: Sequence[Seen]) -> None:
        """Keep receipts; one that is here already changes nothing."""

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR IGNORE INTO presences (coordinator, slot, digest, record) VALUES (?, ?, ?, ?)",
                some,
            )
            for coordinator in {one.coordinator for one in some}:
                _let_go(connection, "presences", coordinator, RECEIPTS_KEPT)

        await self._database.write(change)

    async def put_commitment(self, coordinator: str, epoch: int, seeds_root: str, context: int) -> None:
        """Keep what was told of an epoch; what was told first stands.

        `context`: tokens that the model takes which is offered now. The smallest of an epoch is kept: it is
        the one that this node can swear to for all of its draws.
        """

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO commitments (coordinator, epoch, seeds_root, context) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (coordinator, epoch) DO UPDATE SET context = min(context, excluded.context)",
                (coordinator, epoch, seeds_root, context),
            )
            _let_go(connection, "commitments", coordinator, COMMITMENTS_KEPT)

        await self._database.write(change)

    async def presences(self, coordinator: str, first_slot: int, last_slot: int) -> tuple[Presence, ...]:
        """Receipts of these slots, in their order, and within a slot in that of their arrival."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM presences WHERE coordinator = ? AND slot BETWEEN ? AND ? "
                "ORDER BY slot, arrival LIMIT ?",
                (coordinator, first_slot, last_slot, RECEIPTS_READ),
            ).fetchall()
        )
        return tuple(msgspec.json.decode(row[0], type=Presence) for row in rows)

    async def commitments(self, coordinator: str) -> dict[int, str]:
        """Roots of the seeds by epoch."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT epoch, seeds_root FROM commitments WHERE coordinator = ? ORDER BY arrival",
                (coordinator,),
            ).fetchall()
        )
        return {epoch: root for epoch, root in rows}

    async def context(self, coordinator: str, epoch: int) -> int:
        """Tokens that the node's model took at least in an epoch; 0: not known."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT context FROM commitments WHERE coordinator = ? AND epoch = ?", (coordinator, epoch)
            ).fetchone()
        )
        return 0 if row is None else int(row[0])

    async def kept(self, coordinator: str) -> KeptEvidence:
        """How much is held of a coordinator, and of which slots and epochs."""

        def query(connection: sqlite3.Connection) -> KeptEvidence:
            sums = (
                "SELECT count(*), coalesce(min({0}), 0), coalesce(max({0}), 0) FROM {1} WHERE coordinator = ?"
            )
            receipts = connection.execute(sums.format("slot", "presences"), (coordinator,)).fetchone()
            epochs = connection.execute(sums.format("epoch", "commitments"), (coordinator,)).fetchone()
            return KeptEvidence(*receipts, *epochs)

        return await self._database.read(query)

    async def won(self, epoch: int, since_ms: int, until_ms: int) -> tuple[DrawProof, ...]:
        """Proofs of the draws of `epoch` that fell on this node in [since, until)."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM jobs WHERE received_ms >= ? AND received_ms < ? ORDER BY received_ms",
                (since_ms, until_ms),
            ).fetchall()
        )
        draws = (msgspec.json.decode(row[0], type=JobRecord).draw for row in rows)
        return tuple(draw for draw in draws if draw.ticket.epoch == epoch)


def _let_go(connection: sqlite3.Connection, table: str, coordinator: str, kept: int) -> None:
    """Delete what came from a coordinator before the newest `kept` rows."""
    connection.execute(
        f"DELETE FROM {table} WHERE coordinator = ? AND arrival <= (SELECT arrival FROM {table} "
        "WHERE coordinator = ? ORDER BY arrival DESC LIMIT 1 OFFSET ?)",
        (coordinator, coordinator, kept),
    )
