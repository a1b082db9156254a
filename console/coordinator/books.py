"""Closing an epoch's books: everything booked since the last time becomes one signed statement."""

from __future__ import annotations

import logging

import msgspec

from console.coordinator.parts import Parts
from console.coordinator.sealing import SealError, Secrets
from console.coordinator.store import Movement, StatementRow, Unit
from console.ledger import OUTSIDE, LedgerError
from console.ledger.stated_accounts import ESCROW, stated_client
from console.ledger.statements import Closing, unsigned_statement
from console.protocol.statements import (
    PROOFS_KEPT,
    AccountLine,
    Stated,
    Statement,
    Sums,
    statement_bytes,
    statement_digest,
)

log = logging.getLogger(__name__)
_CLIENT = "client:"


class Books:
    """Makes statements. `newest` is what nodes are told of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.newest = Stated()

    async def load(self) -> None:
        """Look up the newest statement of earlier runs.

        Raises:
            StoreError: the database cannot be read.
            SealError: it was signed by another identity than this coordinator's.
        """
        row = await self._parts.store.transact(lambda unit: unit.statement(unit.books() - 1))
        if row is None:
            return
        if msgspec.json.decode(row.body, type=Statement).coordinator != self._parts.key.node_id:
            raise SealError(f"the statement of epoch {row.epoch} is signed by another coordinator's key")
        self.newest = Stated(row.epoch, row.digest)

    async def close(self, until: int) -> None:
        """Make the statements that are due up to epoch `until`, each in one transaction.

        Books that do not balance are not stated: that is logged, nodes see that the statement is missing,
        and everything else goes on.

        Raises:
            StoreError: the database cannot be written; what was not made is made the next time.
        """
        while True:
            try:
                row = await self._parts.store.transact(lambda unit: close_books(unit, self._parts, until))
            except LedgerError as error:
                log.error(
                    "The books up to epoch %d cannot be closed: %s. Look into the ledger.", until, error
                )
                return
            if row is None:
                return
            self.newest = Stated(row.epoch, row.digest)
            log.info("epoch %d is stated: %s", row.epoch, row.digest[:12])


def close_books(unit: Unit, parts: Parts, until: int) -> StatementRow | None:
    """State the epoch whose books are open; None when that is later than `until`. Raises LedgerError."""
    epoch = unit.books()
    if epoch > until:
        return None
    before = unit.statement(epoch - 1)
    last = None if before is None else msgspec.json.decode(before.body, type=Statement)
    held, held_before = unit.held(), 0 if before is None else before.held
    movements = unit.movements()
    lines = stated_lines(movements, held, held_before, parts.secrets)
    outside = next((m for m in movements if m.account == OUTSIDE), Movement(OUTSIDE, 0, 0, 0))
    opened_ms = unit.epoch_opened(epoch) if last is None else last.closed_ms
    closing = Closing(
        epoch=epoch,
        coordinator=parts.key.node_id,
        opened_ms=opened_ms,
        closed_ms=max(opened_ms, parts.clock.now_ms()),
        lines=lines,
        receipts=tuple(row.leaf for row in unit.receipt_rows(epoch)),
        deposited=outside.debits,
        withdrawn=outside.credits,
    )
    unsigned = unsigned_statement(closing, unit.statement_digests(epoch))
    statement = msgspec.structs.replace(unsigned, signature=parts.key.sign(statement_bytes(unsigned)))
    body, kept = msgspec.json.encode(statement), msgspec.msgpack.encode(lines)
    row = StatementRow(epoch, statement_digest(statement), body, kept, held)
    unit.add_statement(row)
    unit.forget_lines(epoch - PROOFS_KEPT)
    return row


def stated_lines(
    movements: list[Movement], held: int, held_before: int, secrets: Secrets
) -> tuple[AccountLine, ...]:
    """Accounts under their public names, in order; without what neither holds nor moved anything.

    `held`: in escrows now, `held_before`: at the last statement. What came from outside is no account.
    """
    lines = [_stated(m, secrets) for m in movements if m.account != OUTSIDE]
    risen = held - held_before
    lines.append(AccountLine(ESCROW, Sums(held_before, max(risen, 0), max(-risen, 0), held)))
    return tuple(sorted((x for x in lines if x.sums != Sums()), key=lambda line: line.account))


def _stated(movement: Movement, secrets: Secrets) -> AccountLine:
    name = movement.account
    if name.startswith(_CLIENT):
        client = name.removeprefix(_CLIENT)
        name = stated_client(client, secrets.client_nonce(client))
    opening = movement.amount - movement.credits + movement.debits
    return AccountLine(name, Sums(opening, movement.credits, movement.debits, movement.amount))
