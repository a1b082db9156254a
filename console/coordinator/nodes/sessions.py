"""One node's session: what it said of itself, its way out, and its share of the draws."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from console.coordinator.clock import Clock
from console.coordinator.nodes.probation import Probation
from console.protocol.frames import seal
from console.protocol.ids import NodeId, SessionId
from console.protocol.keys import SigningKey
from console.protocol.messages import FromCoordinator, Heartbeat, Refused
from console.protocol.reasons import CODES, Reason
from console.protocol.session_key import SessionKey
from console.protocol.types import ModelOffer

_QUEUE_LIMIT = 2048
"""Messages that may wait for one node; a node that reads slower is cut off and comes back."""

Sent = FromCoordinator | msgspec.Raw
"""A message, or the JSON of one."""


class Handed(NamedTuple):
    """A row of the outbox that was put on the wire."""

    row: int
    counter: int
    """Of its frame."""
    at_s: float
    """On the clock of durations."""


class Session:
    """A signed-in node. Everything here is a fact of one connection and dies with it."""

    def __init__(
        self,
        session: SessionId,
        node: NodeId,
        name: str,
        offer: ModelOffer | None,
        clock: Clock,
        machine: str = "",
        key: SessionKey | None = None,
    ) -> None:
        """`machine`: the digest of its facts that the node claims, empty for none.

        `key`: by which its frames are known; None: an older node, whose frames are signed.
        """
        self.id = session
        self.node = node
        self.name = name
        self.offer = offer
        self.machine = machine
        self.key = key
        self.ready = False
        self.reason = "model_loading"
        self.leaving = False
        self.outbox_after = 0
        self.outbox_due = False
        """The outbox was to be sent, and the database failed."""
        self.handed: list[Handed] = []
        """What of the outbox was put on the wire and may still be lost with it."""
        self._clock = clock
        self._beat_s = clock.tick_s()
        self._beat_ms = clock.now_ms()
        self._out: asyncio.Queue[tuple[Sent, int] | None] = asyncio.Queue(_QUEUE_LIMIT)
        self.probation: Probation | None = None
        self.probation_due = True
        """Whether `probation` has to be looked up: at first, and after each verdict."""
        self.worked_s = -math.inf
        """When tokens or a result of any job of it came last, on the clock of durations."""
        self.closed = False
        self.told: tuple[bool, Reason | None] | None = None
        """Whether the last presence receipt called it listed, and why not; None: there was none yet."""

    @property
    def last_seen_ms(self) -> int:
        """Wall clock of the last heartbeat."""
        return self._beat_ms

    @property
    def waiting(self) -> int:
        """Messages that are not on the wire yet."""
        return self._out.qsize()

    def beat(self, heartbeat: Heartbeat) -> bool:
        """The node said that it lives; whether it says something else than before."""
        before = self.ready, self.reason
        self._beat_s, self._beat_ms = self._clock.tick_s(), self._clock.now_ms()
        self.ready = heartbeat.ready and not self.leaving
        self.reason = heartbeat.reason if heartbeat.reason in CODES else ""
        return (self.ready, self.reason) != before

    def works(self) -> None:
        """The node gave tokens or a result."""
        self.worked_s = self._clock.tick_s()

    def alive(self, silence_s: float) -> bool:
        """Whether a heartbeat came within `silence_s`."""
        return not self.closed and self._clock.tick_s() - self._beat_s <= silence_s

    def send(self, message: Sent, outbox_row: int = 0) -> bool:
        """Queue `message`; False when the node cannot be reached (any more).

        `outbox_row`: where it stands in the outbox, 0 for nowhere; it is `handed` once it is written.
        """
        if self.closed:
            return False
        try:
            self._out.put_nowait((message, outbox_row))
        except asyncio.QueueFull:
            self.close()
            return False
        return True

    def close(self, refused: Refused | None = None) -> None:
        """End the session, with a last word where there is one."""
        if self.closed:
            return
        self.closed = True
        for item in (None,) if refused is None else ((refused, 0), None):
            if self._out.full():
                self._out.get_nowait()
            self._out.put_nowait(item)

    async def pump(self, key: SigningKey, write: Callable[[str], Awaitable[None]]) -> None:
        """Seal and write what is queued, until the session is closed. `key`: the coordinator's."""
        counter, hand = 0, self.key or key
        while (item := await self._out.get()) is not None:
            message, outbox_row = item
            await write(seal(hand, "to_node", self.id, counter, message).decode())
            if outbox_row:
                self.handed.append(Handed(outbox_row, counter, self._clock.tick_s()))
            counter += 1
