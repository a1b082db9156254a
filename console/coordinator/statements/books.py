"""Closing an epoch's books: everything booked since the last time becomes one signed statement."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from console.coordinator.parts import Parts
from console.coordinator.sealing import SealError, Secrets
from console.coordinator.store import Movement, StatementRow, Unit
from console.ledger import OUTSIDE, LedgerError
from console.ledger.history import GrowingHistory
from console.ledger.stated_accounts import ESCROW, stated_name
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


class Chain(msgspec.Struct, frozen=True):
    """All statements up to the newest one."""

    newest: Stated = Stated()
    history: GrowingHistory = GrowingHistory()


class Books:
    """Makes statements."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known = Chain()
        """What is known to stand in the database. There may be more: a commit that was not heard of."""

    @property
    def newest(self) -> Stated:
        """What nodes are told of statements."""
        return self._known.newest

    async def load(self) -> None:
        """Look up the statements of earlier runs.

        Raises:
            StoreError: the database cannot be read.
            SealError: it was signed by another identity than this coordinator's.
        """
        row, digests = await self._parts.store.transact(
            lambda unit: (unit.statement(unit.books() - 1), unit.statement_digests(unit.books()))
        )
        if row is None:
            return
        if msgspec.json.decode(row.body, type=Statement).coordinator != self._parts.key.node_id:
            raise SealError(f"the statement of epoch {row.epoch} is signed by another coordinator's key")
        history = await asyncio.to_thread(GrowingHistory().grown, digests)
        self._known = Chain(Stated(row.epoch, row.digest), history)

    async def close(self, until: int) -> None:
        """Make the statements that are due up to epoch `until`, each in one transaction.

        Books that do not balance are not stated: that is logged, nodes see that the statement is missing,
        and everything else goes on.

        Raises:
            StoreError: the database cannot be written; what was not made is made the next time.
        """
        parts = self._parts
        while True:
            try:
                made = await parts.store.transact(lambda unit: close_books(unit, parts, until, self._known))
            except LedgerError as error:
                log.error(
                    "The books up to epoch %d cannot be closed: %s. Look into the ledger.", until, error
                )
                return
            if made is None:
                return
            self._known = made
            log.info("epoch %d is stated: %s", made.newest.epoch, made.newest.digest[:12])


def close_books(unit: Unit, parts: Parts, until: int, known: Chain) -> Chain | None:
    """State the epoch whose books are open; None when that is later than `until`.

    `known`: statements that stand, from the first one on; those after them are read. What is returned
    stands once the transaction does.

    Raises:
        LedgerError: they do not balance.
    """
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
    earlier = known.history.grown(unit.statement_digests(epoch, known.newest.epoch + 1))
    unsigned = unsigned_statement(closing, earlier)
    statement = msgspec.structs.replace(unsigned, signature=parts.key.sign(statement_bytes(unsigned)))
    body, kept = msgspec.json.encode(statement), msgspec.msgpack.encode(lines)
    stated = Stated(epoch, statement_digest(statement))
    unit.add_statement(StatementRow(epoch, stated.digest, body, kept, held))
    unit.forget_lines(epoch - PROOFS_KEPT)
    return Chain(stated, earlier.grown([stated.digest]))


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
    name = stated_name(movement.account, secrets.client_nonce)
    opening = movement.amount - movement.credits + movement.debits
    return AccountLine(name, Sums(opening, movement.credits, movement.debits, movement.amount))
