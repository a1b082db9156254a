"""Verdicts and receipts on their way: each reaches its node at least once, however often the line breaks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec

from console.coordinator.parts import Parts
from console.coordinator.registry import Registry
from console.coordinator.sessions import Session
from console.coordinator.store import OutboxRow, StoreError, Unit

log = logging.getLogger(__name__)
T = TypeVar("T")


class Outbox:
    """What stands in the database is sent, and taken out once the node was heard of long enough after.

    The wire has no answer to a verdict; a heartbeat that comes a whole interval after it, on the same
    connection, says that the connection carried it.
    """

    def __init__(self, parts: Parts, registry: Registry) -> None:
        self._parts = parts
        self._registry = registry

    async def flush(self, node: str) -> None:
        """Send what waits for `node`, if it is here. Raises StoreError."""
        session = self._registry.session(node)
        if session is None:
            return
        session.outbox_due = False
        try:
            rows = await self._parts.store.transact(lambda unit: _waiting(unit, session))
        except StoreError:
            session.outbox_due = True
            raise
        _hand(session, rows)

    async def posting(self, node: str, work: Callable[[Unit], T]) -> T:
        """Carry out `work`, which posts something to `node`, and send that as soon as it stands.

        Raises StoreError: nothing of it stands.
        """
        session = self._registry.session(node)

        def both(unit: Unit) -> tuple[T, list[OutboxRow]]:
            return work(unit), [] if session is None else _waiting(unit, session)

        done, rows = await self._parts.store.transact(both)
        if session is not None and session is self._registry.session(node):
            _hand(session, rows)
            return done
        try:
            await self.flush(node)
        except StoreError as error:  # what was done stands all the same; a heartbeat sends it
            log.error("%s The verdict waits in the outbox.", error)
        return done

    async def confirm(self, session: Session) -> None:
        """A heartbeat came: forget what was sent a whole interval before it, and send what could not be read
        when it was due. Raises StoreError.
        """
        border_s = self._parts.clock.tick_s() - self._parts.policy.heartbeat_s
        done = tuple(row for row, at_s in session.handed if at_s < border_s)
        if done:
            session.handed = [h for h in session.handed if h[0] not in done]
            await self._parts.store.transact(lambda unit: unit.delivered(done))
        if session.outbox_due:
            await self.flush(session.node)


def _waiting(unit: Unit, session: Session) -> list[OutboxRow]:
    return unit.outbox(session.node, session.outbox_after)


def _hand(session: Session, rows: list[OutboxRow]) -> None:
    """Send what the session was not sent yet.

    Readings overtake each other, but none has a gap: each begins after what was sent before it was asked for.
    """
    for row in rows:
        if row.id <= session.outbox_after:
            continue
        if not session.send(msgspec.Raw(row.body), row.id):
            return
        session.outbox_after = row.id
        session.probation_due = True
