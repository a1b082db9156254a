"""Frames over NATS: the node dials a message server with its own key and may speak as itself alone there.

A connection that is lost is not mended beneath the line: the dialler begins a new one, and says which line it
had before, so that the coordinator lets go of that at once.
"""

from __future__ import annotations

import time
from collections import deque

from console.broker.connecting import BrokerError
from console.broker.dialling import Dialled, dial
from console.broker.line import BrokerLine
from console.network.port import Claim, LinkError
from console.network.wire import DIAL_TIMEOUT_S
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.lines import PREVIOUS_LIMIT, LineError

REMEMBERED_S = 60.0
"""For so long a coordinator that another has taken over from is not heard, should it wake up. Longer, and one
whose database was set back would not be heard either."""


class NatsDial:
    """Dials, and remembers the lines that it had."""

    def __init__(self) -> None:
        self._previous: deque[str] = deque(maxlen=PREVIOUS_LIMIT)
        self._last: tuple[GroupId, BrokerLine] | None = None
        self._heard_s = 0.0
        """When a line that was answered had ended."""

    async def __call__(self, address: str, key: SigningKey, claim: Claim) -> NatsWire:
        """See `Dial`. The first model of the claim says which group's coordinator is dialled."""
        if not claim.models:
            raise LinkError("there is no model to offer yet, and so no group whose coordinator to dial")
        try:
            group = claim.models[0].group
            before = tuple(self._previous)
            dialled = await dial(address, key, group, DIAL_TIMEOUT_S, before, self._heard(group))
        except BrokerError as error:
            raise LinkError(str(error)) from error
        self._previous.append(dialled.name)
        self._last = group, dialled.line
        return NatsWire(dialled)

    def _heard(self, group: GroupId) -> int:
        if self._last is None or self._last[0] != group:
            return 0
        line, now_s = self._last[1], time.monotonic()
        if line.answered:
            self._heard_s = now_s
        return line.heard if now_s - self._heard_s < REMEMBERED_S else 0


class NatsWire:
    """A `Wire` over one dialled line."""

    def __init__(self, dialled: Dialled) -> None:
        self._dialled = dialled

    async def send(self, frame: str) -> None:
        """See the port."""
        try:
            await self._dialled.line.send(frame)
        except LineError as error:
            raise LinkError(str(error)) from error

    async def receive(self) -> str | bytes:
        """See the port."""
        try:
            return await self._dialled.line.receive()
        except LineError as error:
            raise LinkError(str(error)) from error

    async def close(self) -> None:
        """See the port."""
        await self._dialled.close()
