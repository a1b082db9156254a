"""Verdicts and receipts on their way: each reaches its node at least once, however often the line breaks."""

from __future__ import annotations

import asyncio

import msgspec

from console.coordinator.parts import Parts
from console.coordinator.registry import Registry
from console.coordinator.sessions import Session
from console.protocol.types import Receipt, Verdict


class Outbox:
    """What stands in the database is sent, and taken out once the node says that it has it.

    A heartbeat says how far the node has heard. One of an older node does not: there, that it comes a whole
    interval after what was sent, on the same connection, has to do. It is no proof: a connection may carry
    the node's frames for long and the coordinator's no more.
    """

    def __init__(self, parts: Parts, registry: Registry) -> None:
        self._parts = parts
        self._registry = registry
        self._flushing = asyncio.Lock()

    async def flush(self, node: str) -> None:
        """Send what waits for `node`, if it is here. Raises StoreError."""
        async with self._flushing:
            session = self._registry.session(node)
            if session is None:
                return
            session.outbox_due, after = True, session.outbox_after
            for row in await self._parts.store.transact(lambda unit: unit.outbox(node, after)):
                message: Verdict | Receipt = msgspec.json.decode(row.body, type=Verdict | Receipt)
                if not session.send(message, row.id):
                    return
                session.outbox_after = row.id
            session.outbox_due = False

    async def confirm(self, session: Session, heard: int | None) -> None:
        """A heartbeat came: forget what the node has, and send what could not be read when it was due.

        `heard`: see `Heartbeat`. Raises StoreError.
        """
        border_s = self._parts.clock.tick_s() - self._parts.policy.heartbeat_s
        done = tuple(
            h.row for h in session.handed if (h.at_s < border_s if heard is None else h.counter <= heard)
        )
        if done:
            session.handed = [h for h in session.handed if h.row not in done]
            await self._parts.store.transact(lambda unit: unit.delivered(done))
        if session.outbox_due:
            await self.flush(session.node)
