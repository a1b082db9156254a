"""The SQL of `store.unit.money`: the ledger: transactions and balances."""

from __future__ import annotations

from collections.abc import Sequence

from console.coordinator.store.errors import ConflictError, OverdrawnError
from console.coordinator.store.sql.part import SqlPart
from console.ledger import OUTSIDE, check_transaction, node_available, node_bond, node_pending
from console.protocol.ids import NanoCredits
from console.protocol.types import Balances, Transaction

_POSTED = "INSERT INTO postings VALUES"
_ADD = "INSERT INTO balances (account, amount, credits, debits) VALUES"
_TO_BALANCES = """ON CONFLICT (account) DO UPDATE SET amount = balances.amount + excluded.amount,
  credits = balances.credits + excluded.credits, debits = balances.debits + excluded.debits"""
_TAKE = "UPDATE balances SET amount = amount - ?, debits = debits + ? WHERE account = ? AND amount >= ?"
_SPENT = "DELETE FROM balances WHERE account = ? AND amount = 0"


class SqlMoney(SqlPart):
    """See `store.unit.money`."""

    def book(self, transaction: Transaction) -> None:
        """Postings and balances together."""
        check_transaction(transaction)
        self.database.must(
            "INSERT INTO transactions VALUES (?, ?, (SELECT epoch FROM books)) ON CONFLICT DO NOTHING",
            (transaction.id, transaction.at_ms),
            ConflictError(f"{transaction.id} is booked already"),
        )
        moves = [(posting.account, posting.amount) for posting in transaction.postings]
        self._rows(_POSTED, [(transaction.id, *move) for move in moves])
        added = []
        for account, amount in moves:
            if amount > 0 or account == OUTSIDE:
                added.append((account, amount, max(amount, 0), max(-amount, 0)))
            else:
                self._take(account, -amount, transaction.id)
        self._rows(_ADD, added, _TO_BALANCES)

    def booked(self, transaction_id: str) -> bool:
        """Whether a transaction of that id stands."""
        return self.value("SELECT count(*) FROM transactions WHERE id = ?", transaction_id) > 0

    def balance(self, account: str) -> int:
        """Nano-credits."""
        return self.value("SELECT sum(amount) FROM balances WHERE account = ?", account)

    def balances(self, node: str) -> Balances:
        """A node's three accounts."""
        accounts = (node_pending(node), node_available(node), node_bond(node))
        query = "SELECT account, amount FROM balances WHERE account IN (?, ?, ?)"
        amounts = dict(self.database.execute(query, accounts).fetchall())
        return Balances(*(NanoCredits(amounts.get(account, 0)) for account in accounts))

    def nodes_with_pending(self) -> list[str]:
        """Nodes that an epoch's close has to pay."""
        where = "account LIKE 'node:%:pending' AND amount > 0"
        rows = self.database.execute(f"SELECT account FROM balances WHERE {where}")
        return [account.split(":")[1] for (account,) in rows]

    def _take(self, account: str, amount: int, transaction_id: str) -> None:
        """From a balance that holds enough; an escrow that is used up goes."""
        error = OverdrawnError(f"{transaction_id}: {account} does not hold {amount}")
        self.database.must(_TAKE, (amount, amount, account, amount), error)
        if account.startswith("escrow:"):
            self.database.execute(_SPENT, (account,))

    def _rows(self, into: str, rows: Sequence[tuple[str | int, ...]], after: str = "") -> None:
        """In one statement: a transaction has few, and each statement costs a server more than its rows."""
        if rows:
            places = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
            self.database.execute(f"{into} {places} {after}", [value for row in rows for value in row])
