"""A line that a node begins, over a connection that is there for it alone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from console.broker.connecting import BrokerError, close, connect
from console.broker.line import BrokerLine
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.lines import Dial, from_node, to_node

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

_LOST = "the connection to the message server ended"


class Dialled:
    """The node's end of a line."""

    def __init__(self, client: Client, line: BrokerLine, name: str) -> None:
        self.line = line
        self.name = name
        """See `Dial.previous`."""
        self._client = client

    async def close(self) -> None:
        """End the line and the connection; never raises."""
        await self.line.close()
        await close(self._client)


async def dial(
    address: str,
    key: SigningKey,
    group: GroupId | str,
    timeout_s: float,
    previous: tuple[str, ...] = (),
    heard: int = 0,
) -> Dialled:
    """Connect under `key`, and begin a line with the coordinator of `group`.

    `previous`: see `Dial`; `heard`: the highest token of a coordinator of that group so far.

    Raises:
        BrokerError: no server lets this key in, or the connection broke again before the line had begun.
    """
    name = secrets.token_hex(16)
    lines: list[BrokerLine] = []

    def lost() -> None:
        for line in lines:
            line.end(_LOST)

    async def came(published: Msg) -> None:
        line.came(published.data)

    client = await connect(address, key.seed(), timeout_s, lost, stay=False, name=name)
    subject = from_node(key.node_id, name, group)
    line = BrokerLine(lambda data: client.publish(subject, data), client.max_payload, heard=heard)
    lines.append(line)
    dialled = Dialled(client, line, name)
    try:
        await client.subscribe(to_node(key.node_id, name), cb=came)
        await line.dial(msgspec.json.encode(Dial(previous)))
    except BaseException as error:
        await dialled.close()
        if isinstance(error, Exception):
            raise BrokerError(_LOST) from error
        raise
    return dialled
