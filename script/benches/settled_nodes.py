"""`python -m benches.settled_nodes`: the nodes of the bench `settled`, all in one process.

They speak the protocol whole but for what they need not do for the coordinator to work as it does for others:
they check no code or signature of it and no draw. Lines are the product's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import sys
import time

import msgspec

from benches.settled_answers import BLOB, OFFER, answer_to
from console.network.nats_wire import NatsDial
from console.network.port import Claim, LinkError
from console.network.websocket import dial_websocket
from console.network.wire import Dial, Wire
from console.protocol.frames import Frame, agreed, peek_from_coordinator, seal, sign_in_bytes
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.messages import (
    Ack,
    Challenge,
    Chunk,
    FromCoordinator,
    FromNode,
    Heartbeat,
    Opening,
    OpenRequest,
    SignIn,
    Welcome,
)
from console.protocol.session_key import Ephemeral, SessionKey
from console.protocol.types import Assignment

HEARTBEAT_S = 2
_AGAIN_S = 0.5
_AT_ONCE = 8
"""Nodes that sign in at the same time."""
_NEWS = (b'{"type":"assignment"', b'{"type":"open_request"')
"""How the bodies begin that ask for something; the others are read and not decoded."""


def key_of(number: int) -> SigningKey:
    """Of the node with that number."""
    return SigningKey(hashlib.sha256(f"settled {number}".encode()).digest())


class Node:
    """One node."""

    def __init__(self, number: int, address: str, group: GroupId) -> None:
        self._key = key_of(number)
        offer = msgspec.structs.replace(OFFER, group=group)
        self._claim = Claim(f"node-{number}", "bench", f"{number:064x}", (offer,))
        self._address = address
        self._dial: Dial = NatsDial() if address.startswith("nats") else dial_websocket
        self._counter = 0
        self._session = ""
        self._hand: SigningKey | SessionKey = self._key
        self._wire: Wire

    async def sign_in(self) -> None:
        """Raises LinkError."""
        self._session, self._counter, self._hand = "", 0, self._key
        self._wire = await self._dial(self._address, self._key, self._claim)
        _, challenge = peek_from_coordinator(await self._wire.receive())
        assert isinstance(challenge, Challenge)
        claim, half = self._claim, Ephemeral(secrets.token_bytes(32))
        told = SignIn(
            challenge.nonce, self._key.node_id, claim.name, claim.software, claim.machine, claim.models, "",
            half.public,
        )  # fmt: skip
        signature = self._key.sign(sign_in_bytes(told, challenge.coordinator))
        await self._say(msgspec.structs.replace(told, signature=signature))
        _, welcome = peek_from_coordinator(await self._wire.receive())
        if not isinstance(welcome, Welcome):
            await self._wire.close()
            raise LinkError(f"the coordinator did not let a node in: {welcome}")
        self._session, self._counter = welcome.session, 0
        self._hand = agreed(half, challenge.ephemeral, challenge, self._key.node_id) or self._key

    async def live(self, wait_s: float) -> None:
        """Answer and beat, the second time after `wait_s`, until the line ends. Raises LinkError."""
        tasks = [asyncio.create_task(self._beat(wait_s)), asyncio.create_task(self._work())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            frame = msgspec.json.decode(await self._wire.receive(), type=Frame)
            if bytes(frame.body).startswith(_NEWS):
                await self._react(msgspec.json.decode(frame.body, type=FromCoordinator))

    async def _beat(self, wait_s: float) -> None:
        await self._say(Heartbeat(True, "earning", 0, time.time_ns() // 1_000_000))
        await asyncio.sleep(wait_s)
        while True:
            await self._say(Heartbeat(True, "earning", 0, time.time_ns() // 1_000_000))
            await asyncio.sleep(HEARTBEAT_S)

    async def _react(self, message: FromCoordinator) -> None:
        if isinstance(message, Assignment):
            ids = (message.job, message.attempt, message.fence)
            result = answer_to(message, self._key)
            await self._say(Ack(*ids))
            await self._say(Chunk(*ids, 0, result.token_ids))
            await self._say(result)
        elif isinstance(message, OpenRequest):
            await self._say(Opening(message.job, message.attempt, BLOB))

    async def _say(self, message: FromNode) -> None:
        counter, self._counter = self._counter, self._counter + 1
        await self._wire.send(seal(self._hand, "to_coordinator", self._session, counter, message).decode())


async def _run(address: str, count: int, first: int, group: GroupId) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        node = Node(first + number, address, group)
        while True:
            with contextlib.suppress(LinkError):
                async with turn:
                    await node.sign_in()
                await node.live(HEARTBEAT_S * number / count)
            await asyncio.sleep(_AGAIN_S)  # one that a busy coordinator lost comes again

    await asyncio.gather(*(one(number) for number in range(count)))


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), GroupId(sys.argv[4])))
