"""Frames over NATS: the node dials a message server with its own key and may speak as itself alone there.

A connection that is lost is not mended beneath the line: the dialler begins a new one, and says which line it
had before, so that the coordinator lets go of that at once.
"""

from __future__ import annotations

from collections import deque

from console.broker.connecting import BrokerError
from console.broker.dialling import Dialled, dial
from console.network.port import Claim, LinkError
from console.network.wire import DIAL_TIMEOUT_S
from console.protocol.keys import SigningKey
from console.protocol.lines import PREVIOUS_LIMIT, LineError


class NatsDial:
    """Dials, and remembers the lines that it had."""

    def __init__(self) -> None:
        self._previous: deque[str] = deque(maxlen=PREVIOUS_LIMIT)

    async def __call__(self, address: str, key: SigningKey, claim: Claim) -> NatsWire:
        """See `Dial`. The first model of the claim says which group's coordinator is dialled."""
        if not claim.models:
            raise LinkError("there is no model to offer yet, and so no group whose coordinator to dial")
        try:
            group = claim.models[0].group
            dialled = await dial(address, key, group, DIAL_TIMEOUT_S, tuple(self._previous))
        except BrokerError as error:
            raise LinkError(str(error)) from error
        self._previous.append(dialled.name)
        return NatsWire(dialled)


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
