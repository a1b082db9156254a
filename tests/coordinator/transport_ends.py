"""Both ends of a transport over its real servers: what dials, and the lines that it takes in."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette

from console.coordinator.transport.hub import PATH, hub
from console.coordinator.transport.nats import NatsTransport
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.port import Line
from console.coordinator.transport.private_nats import PrivateNats
from console.network.nats_wire import NatsDial
from console.network.port import Claim
from console.network.websocket import dial_websocket
from console.network.wire import Dial, Wire
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.messages import FRAME_BYTES_LIMIT
from console.protocol.types import ModelOffer

GROUP = GroupId("ab" * 32)
OFFER = ModelOffer(GROUP, "toy", "cd" * 32, 2048, 100_000, 1)
CLAIM = Claim("reef", "test", "machine", (OFFER,))


class Ends:
    """Lines that were taken in, in their order, and how to dial one."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.taken: asyncio.Queue[Line] = asyncio.Queue()
        self.ended: list[Line] = []
        self._over: dict[Line, asyncio.Event] = {}

    async def serve(self, line: Line) -> None:
        """As a door does: until it is let go."""
        over = self._over[line] = asyncio.Event()
        self.taken.put_nowait(line)
        await over.wait()
        await line.close()
        self.ended.append(line)

    def let_go(self, line: Line) -> None:
        """The door is done with it."""
        self._over[line].set()

    def dial(self) -> Dial:
        """A node's way, with a memory of its own."""
        return NatsDial() if self.address.startswith("nats") else dial_websocket

    async def pair(self, key: SigningKey | None = None, dial: Dial | None = None) -> tuple[Wire, Line]:
        """A new line: the node's end and the coordinator's."""
        wire = await (dial or self.dial())(self.address, key or fresh_key(), CLAIM)
        return wire, await asyncio.wait_for(self.taken.get(), 10)


def fresh_key() -> SigningKey:
    """An identity."""
    return SigningKey(secrets.token_bytes(32))


@contextlib.asynccontextmanager
async def websocket_ends() -> AsyncIterator[Ends]:
    """A WebSocket hub that listens."""
    ends = Ends("")
    app = Starlette(routes=[hub(ends.serve)])
    config = uvicorn.Config(
        app, port=0, ws="websockets-sansio", ws_max_size=2 * FRAME_BYTES_LIMIT, log_level="warning",
        timeout_graceful_shutdown=1, lifespan="off",
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    ends.address = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PATH}"
    try:
        yield ends
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def nats_ends(server: PrivateNats, keys: NatsKeys, token: int = 1) -> AsyncIterator[Ends]:
    """A coordinator's end at a NATS server that runs. `token`: its fencing token."""
    ends = Ends(server.address)
    transport = NatsTransport(server.address, keys, GROUP, lambda: time.time_ns() // 1_000_000)
    await transport.connect()
    await transport.start(ends.serve, token)
    try:
        yield ends
    finally:
        await transport.close()


async def until_ended(line: Line | Wire) -> str:
    """Reads until there is nothing more; the cause."""
    async with asyncio.timeout(15):
        while True:
            try:
                await line.receive()
            except Exception as error:
                return str(error)
