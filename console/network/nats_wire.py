"""Frames over NATS: the node dials a message server with its own key and may speak as itself alone there.

A connection that is lost is not mended beneath the line: the dialler begins a new one, and says which line it
had before, so that the coordinator lets go of that at once.
"""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from console.broker.connecting import BrokerError, close, connect
from console.broker.line import BrokerLine
from console.network.port import Claim, LinkError
from console.network.wire import DIAL_TIMEOUT_S
from console.protocol.keys import SigningKey
from console.protocol.lines import ANY_GROUP, PREVIOUS_LIMIT, Dial, LineError, from_node, to_node

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg


class NatsDial:
    """Dials, and remembers the lines that it had."""

    def __init__(self) -> None:
        self._previous: deque[str] = deque(maxlen=PREVIOUS_LIMIT)

    async def __call__(self, address: str, key: SigningKey, claim: Claim) -> NatsWire:
        """See `Dial`. The first model of the claim says which group's coordinator is dialled."""
        name = secrets.token_hex(16)
        group = claim.models[0].group if claim.models else ANY_GROUP
        lines: list[BrokerLine] = []

        def lost() -> None:
            for line in lines:
                line.end("the connection to the message server ended")

        async def came(published: Msg) -> None:
            line.came(published.data)

        try:
            client = await connect(address, key.seed(), DIAL_TIMEOUT_S, lost, stay=False)
        except BrokerError as error:
            raise LinkError(str(error)) from error
        subject = from_node(key.node_id, name, group)
        line = BrokerLine(lambda data: client.publish(subject, data), client.max_payload)
        lines.append(line)
        wire = NatsWire(client, line)
        try:
            await client.subscribe(to_node(key.node_id, name), cb=came)
            await line.dial(msgspec.json.encode(Dial(client.client_id or 0, tuple(self._previous))))
        except BaseException as error:
            await wire.close()
            if isinstance(error, LineError):
                raise LinkError(str(error)) from error
            raise
        finally:
            self._previous.append(name)
        return wire


class NatsWire:
    """One line, and the connection that is there for it alone."""

    def __init__(self, client: Client, line: BrokerLine) -> None:
        self._client = client
        self._line = line

    async def send(self, frame: str) -> None:
        """See the port."""
        try:
            await self._line.send(frame)
        except LineError as error:
            raise LinkError(str(error)) from error

    async def receive(self) -> str | bytes:
        """See the port."""
        try:
            return await self._line.receive()
        except LineError as error:
            raise LinkError(str(error)) from error

    async def close(self) -> None:
        """See the port."""
        await self._line.close()
        await close(self._client)
