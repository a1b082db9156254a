"""Receipts in the journal, and what each day and each model came to."""

from __future__ import annotations

import sqlite3

import msgspec

from console.agent.journal.columns import settle
from console.agent.journal.database import Database
from console.agent.journal.records import Totals
from console.agent.journal.sums import add_to_day, add_to_model, bounded
from console.control.earnings import DayView, ModelEarnings
from console.protocol.types import Receipt

_COLUMNS = "jobs, failed, accepted, rejected, earned, penalised"
_SUMS = ", ".join(f"coalesce(sum({c}), 0)" for c in _COLUMNS.split(", "))
_DAY = "day, " + ", ".join(DayView.__struct_fields__[1:])
_MODEL = ("jobs", "accepted", "rejected", "tokens", "earned", "penalised", "worked_ms")


class MoneyTable:
    """Each receipt counts once: the sums change in the transaction that keeps it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_receipt(
        self, receipt: Receipt, at_ms: int, day: str, model: str = "", coordinator: str = ""
    ) -> bool:
        """Keep a receipt and add it to `day`; False when it is there already.

        `model`: the group that it counts for, where the journal does not hold its answer. `coordinator`: who
        signed it, and in whose statements it must stand.
        """
        key, accepted = (receipt.job, receipt.attempt), receipt.outcome == "accepted"
        booked_ms = bounded(receipt.transaction.at_ms)
        add = {
            "accepted": int(accepted),
            "rejected": int(not accepted),
            "earned": receipt.reward,
            "penalised": receipt.penalty,
        }

        def change(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO receipts (job, attempt, at_ms, record, outcome, coordinator, "
                "booked_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*key, at_ms, msgspec.json.encode(receipt), receipt.outcome, coordinator, booked_ms),
            )
            if cursor.rowcount != 1:
                return False
            answer = connection.execute(
                "SELECT model FROM answers WHERE job = ? AND attempt = ?", key
            ).fetchone()
            settle(connection, *key, receipt.reward)
            add_to_day(connection, day, **add)
            add_to_model(connection, day, answer[0] if answer else model, **add)
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

    async def count(self, day: str, add: Totals, model: str = "") -> None:
        """Add jobs taken or failed to `day`, and the ones taken to `model` (its group)."""

        def change(connection: sqlite3.Connection) -> None:
            add_to_day(connection, day, **msgspec.structs.asdict(add))
            add_to_model(connection, day, model, jobs=add.jobs)

        await self._database.write(change)

    async def totals(self, day: str) -> tuple[Totals, Totals]:
        """Of `day`, and of all days."""

        def query(connection: sqlite3.Connection) -> tuple[Totals, Totals]:
            today = connection.execute(f"SELECT {_SUMS} FROM totals WHERE day = ?", (day,)).fetchone()
            return Totals(*today), Totals(*connection.execute(f"SELECT {_SUMS} FROM totals").fetchone())

        return await self._database.read(query)

    async def days(self, first: str, last: str) -> tuple[DayView, ...]:
        """What each day from `first` to `last` came to, newest first; days without anything are left out."""
        rows = await self._database.read(
            lambda c: c.execute(
                f"SELECT {_DAY} FROM totals WHERE day >= ? AND day <= ? ORDER BY day DESC", (first, last)
            ).fetchall()
        )
        return tuple(DayView(*row) for row in rows)

    async def models(self, first: str, last: str) -> tuple[ModelEarnings, ...]:
        """What each model came to in those days, the one that earned most first."""
        sums = ", ".join(f"sum(d.{name})" for name in _MODEL)
        rows = await self._database.read(
            lambda c: c.execute(
                f"SELECT coalesce(m.name, ''), d.model, {sums} FROM model_days AS d "
                "LEFT JOIN models AS m ON m.model = d.model WHERE d.day >= ? AND d.day <= ? "
                "GROUP BY d.model ORDER BY sum(d.earned) DESC, d.model",
                (first, last),
            ).fetchall()
        )
        return tuple(ModelEarnings(*row) for row in rows)

    async def name_model(self, model: str, name: str) -> None:
        """Remember what the group `model` is called."""
        await self._database.write(
            lambda c: c.execute(
                "INSERT INTO models VALUES (?, ?) ON CONFLICT (model) DO UPDATE SET name = excluded.name",
                (model, name),
            )
        )
