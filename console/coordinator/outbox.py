"""Verdicts and receipts on their way: each reaches its node at least once, however often the line breaks."""

from __future__ import annotations

import logging

import msgspec

from console.coordinator.parts import Parts
from console.coordinator.registry import Registry
from console.coordinator.sessions import Session
from console.coordinator.store import OutboxRow, StoreError

log = logging.getLogger(__name__)


class Outbox:
    """What stands in the database is sent, and taken out once the node says that it has it.

    A heartbeat says how far the node has heard. One of an older node does not: there, that it comes a whole
    interval after what was sent, on the same connection, has to do. It is no proof: a connection may carry
    the node's frames for long and the coordinator's no more.
    """

    def __init__(self, parts: Parts, registry: Registry) -> None:
        self._parts = parts
        self._registry = registry

    async def flush(self, node: str) -> None:
        """Send what waits for `node`, if it is here. Raises StoreError.

        Of many who ask for it at once, one reads; who asks meanwhile has it read again.
        """
        session = self._registry.session(node)
        if session is None:
            return
        session.outbox_due = True
        if session.outbox_read:
            return
        session.outbox_read = True
        try:
            while session.outbox_due:
                await self._read(session)
        finally:
            session.outbox_read = False

    async def deliver(self, node: str) -> None:
        """Something was posted to `node`, and stands: send it, now or with a heartbeat.

        It is not read by whoever posts it: of many for one node in one transaction, each would read what
        those before it posted.
        """
        try:
            await self.flush(node)
        except StoreError as error:
            log.error("%s The verdict waits in the outbox.", error)

    async def confirm(self, session: Session, heard: int | None) -> None:
        """A heartbeat came: forget what the node has, and send what could not be read when it was due.

        `heard`: see `Heartbeat`. Raises StoreError.
        """
        border_s = self._parts.clock.tick_s() - self._parts.policy.heartbeat_s
        done = {h.row for h in session.handed if (h.at_s < border_s if heard is None else h.counter <= heard)}
        if done:
            session.handed = [h for h in session.handed if h.row not in done]
            await self._parts.store.transact(lambda unit: unit.delivered(tuple(sorted(done))))
        if session.outbox_due:
            await self.flush(session.node)

    async def _read(self, session: Session) -> None:
        session.outbox_due = False
        try:
            rows = await self._parts.store.transact(
                lambda unit: unit.outbox(session.node, session.outbox_after)
            )
        except BaseException:
            session.outbox_due = True
            raise
        _hand(session, rows)


def _hand(session: Session, rows: list[OutboxRow]) -> None:
    """Send what was read after the last that the session was sent."""
    for row in rows:
        if not session.send(msgspec.Raw(row.body), row.id):
            return
        session.outbox_after = row.id
        session.probation_due = True
