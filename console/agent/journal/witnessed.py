"""Evidence of the network's draws that this node has seen: presence receipts and commitments."""

from __future__ import annotations

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.records import JobRecord
from console.protocol.messages import Presence
from console.protocol.types import DrawProof

RECEIPTS_KEPT = 20_000
"""Slots; with one of 2 s each, about eleven hours."""
COMMITMENTS_KEPT = 2_000


class WitnessTable:
    """What a coordinator can be held to; only the newest, for transcripts are audited soon or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_presences(self, coordinator: str, some: tuple[Presence, ...]) -> None:
        """Keep receipts, of each slot the last one."""
        rows = [(coordinator, one.slot, msgspec.json.encode(one)) for one in some]
        await self._database.write(
            lambda c: [
                c.executemany("INSERT OR REPLACE INTO presences VALUES (?, ?, ?)", rows),
                c.execute(
                    "DELETE FROM presences WHERE coordinator = ? AND slot <= "
                    "(SELECT max(slot) FROM presences WHERE coordinator = ?) - ?",
                    (coordinator, coordinator, RECEIPTS_KEPT),
                ),
            ]
        )

    async def put_commitment(self, coordinator: str, epoch: int, seeds_root: str) -> None:
        """Keep what was told of an epoch; what was told first stands."""
        await self._database.write(
            lambda c: [
                c.execute(
                    "INSERT OR IGNORE INTO commitments VALUES (?, ?, ?)", (coordinator, epoch, seeds_root)
                ),
                c.execute(
                    "DELETE FROM commitments WHERE coordinator = ? AND epoch <= ?",
                    (coordinator, epoch - COMMITMENTS_KEPT),
                ),
            ]
        )

    async def presences(self, coordinator: str, first_slot: int, last_slot: int) -> tuple[Presence, ...]:
        """Receipts of these slots, in their order."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM presences WHERE coordinator = ? AND slot BETWEEN ? AND ? ORDER BY slot",
                (coordinator, first_slot, last_slot),
            ).fetchall()
        )
        return tuple(msgspec.json.decode(row[0], type=Presence) for row in rows)

    async def commitments(self, coordinator: str) -> dict[int, str]:
        """Roots of the seeds by epoch."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT epoch, seeds_root FROM commitments WHERE coordinator = ?", (coordinator,)
            ).fetchall()
        )
        return {epoch: root for epoch, root in rows}

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
