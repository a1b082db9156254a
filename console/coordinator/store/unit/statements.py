"""A unit of work on the open books, and the statements of epochs."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Movement(msgspec.Struct, frozen=True):
    """An account, and what came and went since the open books began. Nano-credits."""

    account: str
    amount: int
    credits: int
    debits: int


class ReceiptRow(msgspec.Struct, frozen=True):
    """A receipt, as a statement counts it."""

    node: str
    job: str
    attempt: int
    leaf: str


class StatementRow(msgspec.Struct, frozen=True):
    """A statement that was made."""

    epoch: int
    digest: str
    body: bytes
    """A `Statement`, JSON."""
    lines: bytes
    """Its accounts, a tuple of `AccountLine` in msgpack; empty when they are not kept any more."""
    held: int
    """What all escrows held together as it was made, nano-credits: the next statement opens with it."""


class StatementUnit(Protocol):
    """This part of an open transaction."""

    def books(self) -> int:
        """The epoch whose books are open: what is booked, and each receipt, is counted in its statement."""
        ...

    def movements(self) -> list[Movement]:
        """Every account but the escrows, in the order of their names."""
        ...

    def held(self) -> int:
        """What all escrows hold together."""
        ...

    def receipt_rows(self, epoch: int) -> list[ReceiptRow]:
        """An epoch's receipts, by node, job and attempt."""
        ...

    def add_statement(self, row: StatementRow) -> None:
        """Close the books: keep the statement, and open those of the next epoch. Raises ConflictError."""
        ...

    def statement(self, epoch: int) -> StatementRow | None:
        """An epoch's statement."""
        ...

    def statement_digests(self, before: int, since: int = 0) -> list[str]:
        """Digests of all statements of epochs from `since` on and earlier than `before`, oldest first."""
        ...

    def forget_lines(self, before: int) -> None:
        """Keep of earlier epochs than `before` the statements, and not the accounts behind them."""
        ...
