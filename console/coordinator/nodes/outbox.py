"""Verdicts and receipts on their way: each reaches its node at least once, however often the line breaks."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from console.coordinator.nodes.registry import Registry
from console.coordinator.nodes.sessions import Session
from console.coordinator.parts import Parts
from console.coordinator.store import OUTBOX_PAGE, OutboxRow, StoreError
from console.protocol.ids import SessionId

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
        self._due: dict[SessionId, Session] = {}
        self._reading: asyncio.Task[None] | None = None

    def deliver(self, node: str) -> None:
        """Something was posted to `node`, and stands: send it, if the node is here."""
        session = self._registry.session(node)
        if session is not None:
            self.look(session)

    def look(self, session: Session) -> None:
        """Send what waits for it. Where the database fails, a heartbeat does so.

        One reading at a time, for all who came since the last one: it costs a unit of the writer, and whoever
        posts would read again what others have posted to the same node in the same transaction.
        """
        self._due[session.id] = session
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

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
            session.outbox_due = False
            self.look(session)

    async def _read(self) -> None:
        try:
            while self._due:
                sessions, self._due = list(self._due.values()), {}
                await self._send(sessions)
        finally:
            self._reading = None

    async def _send(self, due: list[Session]) -> None:
        sessions = [session for session in due if not session.closed]  # of each node there is one
        after: dict[str, int] = {session.node: session.outbox_after for session in sessions}
        try:
            found = await self._parts.store.transact(lambda unit: unit.outboxes(after))
        except StoreError as error:
            log.error("%s Verdicts and receipts wait in the outbox.", error)
            for session in sessions:
                session.outbox_due = True
            return
        for session in sessions:
            rows = found[session.node]
            _hand(session, rows)
            if len(rows) == OUTBOX_PAGE:  # more may wait
                self._due[session.id] = session


def _hand(session: Session, rows: list[OutboxRow]) -> None:
    """Send what was read after the last that the session was sent."""
    for row in rows:
        if not session.send(msgspec.Raw(row.body), row.id):
            return
        session.outbox_after = row.id
        session.probation_due = True
