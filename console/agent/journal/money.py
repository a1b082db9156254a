"""Receipts and totals in the journal."""

from __future__ import annotations

import sqlite3

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.records import Totals
from console.protocol.types import Receipt

_COLUMNS = "jobs, failed, accepted, rejected, earned, penalised"
_SUMS = ", ".join(f"coalesce(sum({c}), 0)" for c in _COLUMNS.split(", "))


class MoneyTable:
    """Each receipt counts once: the totals change in the transaction that keeps it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_receipt(self, receipt: Receipt, at_ms: int, day: str) -> bool:
        """Keep a receipt and add it to `day`; False when it is there already."""
        accepted = receipt.outcome == "accepted"

        def change(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO receipts VALUES (?, ?, ?, ?)",
                (receipt.job, receipt.attempt, at_ms, msgspec.json.encode(receipt)),
            )
            if cursor.rowcount != 1:
                return False
            add = Totals(
                accepted=int(accepted),
                rejected=int(not accepted),
                earned=receipt.reward,
                penalised=receipt.penalty,
            )
            _add(connection, day, add)
            return True

        return await self._database.write(change)

    async def receipt(self, job: str, attempt: int) -> Receipt | None:
        """The receipt of one attempt."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM receipts WHERE job = ? AND attempt = ?", (job, attempt)
            ).fetchone()
        )
        return None if row is None else msgspec.json.decode(row[0], type=Receipt)

    async def count(self, day: str, add: Totals) -> None:
        """Add jobs taken or failed to `day`."""
        await self._database.write(lambda c: _add(c, day, add))

    async def totals(self, day: str) -> tuple[Totals, Totals]:
        """Of `day`, and of all days."""

        def query(connection: sqlite3.Connection) -> tuple[Totals, Totals]:
            today = connection.execute(f"SELECT {_SUMS} FROM totals WHERE day = ?", (day,)).fetchone()
            return Totals(*today), Totals(*connection.execute(f"SELECT {_SUMS} FROM totals").fetchone())

        return await self._database.read(query)


def _add(connection: sqlite3.Connection, day: str, add: Totals) -> None:
    names = _COLUMNS.split(", ")
    sums = ", ".join(f"{n} = {n} + excluded.{n}" for n in names)
    connection.execute(
        f"INSERT INTO totals (day, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) "
        f"ON CONFLICT (day) DO UPDATE SET {sums}",
        (day, *(getattr(add, n) for n in names)),
    )
