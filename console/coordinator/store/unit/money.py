"""A unit of work on the ledger: transactions and balances."""

from __future__ import annotations

from typing import Protocol

from console.protocol.types import Balances, Transaction


class MoneyUnit(Protocol):
    """This part of an open transaction."""

    def book(self, transaction: Transaction) -> None:
        """Add to the ledger. Raises ConflictError (booked already), OverdrawnError, LedgerError."""
        ...

    def booked(self, transaction_id: str) -> bool:
        """Whether a transaction of that id stands."""
        ...

    def balance(self, account: str) -> int:
        """Nano-credits."""
        ...

    def balances(self, node: str) -> Balances:
        """A node's three accounts."""
        ...

    def nodes_with_pending(self) -> list[str]:
        """Nodes that an epoch's close has to pay."""
        ...
