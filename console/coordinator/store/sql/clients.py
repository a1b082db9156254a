"""The SQL of `store.unit.clients`: repeated requests, what clients spend."""

from __future__ import annotations

from console.coordinator.store.errors import OverdrawnError
from console.coordinator.store.sql.part import SqlPart
from console.coordinator.store.unit.clients import IdempotencyRow


class SqlClients(SqlPart):
    """See `store.unit.clients`."""

    def idempotency(self, client: str, key: str) -> IdempotencyRow | None:
        """What that key of the client's stands for."""
        where = "client = ? AND key = ?"
        return self.one(IdempotencyRow, f"SELECT {{}} FROM idempotency WHERE {where}", client, key)

    def save_idempotency(self, row: IdempotencyRow) -> None:
        """Insert or replace."""
        self.replace("idempotency", row, "client", "key")

    def spend(self, client: str, key: str, day: int, amount: int) -> None:
        """Added to what the day has."""
        if amount >= 0:
            self.database.execute(
                "INSERT INTO spending VALUES (?, ?, ?, ?) "
                "ON CONFLICT (client, key, day) DO UPDATE SET amount = spending.amount + excluded.amount",
                (client, key, day, amount),
            )
            return
        self.database.must(
            "UPDATE spending SET amount = amount - ?4 "
            "WHERE client = ?1 AND key = ?2 AND day = ?3 AND amount >= ?4",
            (client, key, day, -amount),
            OverdrawnError(f"{client} gets more back than was spent on day {day}"),
        )

    def spent(self, client: str, key: str | None, since_day: int) -> int:
        """Summed over days, and over keys where none is named."""
        query = "SELECT sum(amount) FROM spending WHERE client = ? AND day >= ?"
        if key is None:
            return self.value(query, client, since_day)
        return self.value(f"{query} AND key = ?", client, since_day, key)
