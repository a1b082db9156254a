"""The SQL of `store.unit.statements`: the open books, and the statements of epochs."""

from __future__ import annotations

from console.coordinator.store.sql.part import SqlPart
from console.coordinator.store.unit.statements import Movement, ReceiptRow, StatementRow


class SqlStatements(SqlPart):
    """See `store.unit.statements`."""

    def books(self) -> int:
        """The epoch whose books are open."""
        return self.value("SELECT epoch FROM books")

    def movements(self) -> list[Movement]:
        """In the order of the accounts' names; escrows apart."""
        return self.all(
            Movement,
            "SELECT {} FROM balances WHERE account < 'escrow:' OR account > 'escrow;' ORDER BY account",
        )

    def held(self) -> int:
        """In all escrows."""
        return self.value(
            "SELECT sum(amount) FROM balances WHERE account > 'escrow:' AND account < 'escrow;'"
        )

    def receipt_rows(self, epoch: int) -> list[ReceiptRow]:
        """By node, job and attempt."""
        return self.all(
            ReceiptRow, "SELECT {} FROM receipts WHERE epoch = ? ORDER BY node, job, attempt", epoch
        )

    def add_statement(self, row: StatementRow) -> None:
        """And open the next epoch's books."""
        self.insert("statements", row)
        self.database.execute("UPDATE balances SET credits = 0, debits = 0 WHERE credits <> 0 OR debits <> 0")
        self.database.execute("UPDATE books SET epoch = ?", (row.epoch + 1,))

    def statement(self, epoch: int) -> StatementRow | None:
        """As it was made."""
        return self.one(StatementRow, "SELECT {} FROM statements WHERE epoch = ?", epoch)

    def statement_digests(self, before: int, since: int = 0) -> list[str]:
        """Oldest first."""
        query = "SELECT digest FROM statements WHERE epoch >= ? AND epoch < ? ORDER BY epoch"
        rows = self.database.execute(query, (since, before))
        return [digest for (digest,) in rows]

    def forget_lines(self, before: int) -> None:
        """The statements stay."""
        query = "UPDATE statements SET lines = ? WHERE epoch < ? AND lines <> ?"
        self.database.execute(query, (b"", before, b""))
