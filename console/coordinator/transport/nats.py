"""Lines over NATS. The coordinator dials the servers as its nodes do, and decides who else may connect.

A node that is gone is known by the server's own news of disconnects, and otherwise by its silence.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from console.broker.connecting import BrokerError, close, connect, lets_anybody_in, reached
from console.broker.line import BrokerLine
from console.coordinator.transport.callout import SUBJECT, CalloutError, answer
from console.coordinator.transport.nats_keys import ACCOUNT, NatsKeys
from console.coordinator.transport.nats_lines import NodeLines, Served
from console.coordinator.transport.port import Serve, TransportError
from console.protocol.ids import GroupId, NodeId, short
from console.protocol.lines import (
    ANY_GROUP,
    Dial,
    LineError,
    Message,
    decoded,
    encoded,
    from_node,
    sender,
    to_node,
)

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)
_CONNECT_S = 10.0
_GONE = "the node's connection ended"
_CONFIGURE = (
    "Check that its servers run with the configuration that `quarterdeck coordinator nats-config` prints."
)


class _Client(msgspec.Struct, frozen=True):
    name: str = ""
    user: str = ""


class _Left(msgspec.Struct, frozen=True):
    """The server's news of a connection that ended."""

    client: _Client


class NatsTransport:
    """Takes in the lines of one group's nodes."""

    def __init__(self, address: str, keys: NatsKeys, group: GroupId, now_ms: Callable[[], int]) -> None:
        """`address`: `nats://host:port`, several hosts with commas; `now_ms`: wall clock."""
        self.address = address
        self._keys = keys
        self._group = group
        self._now_ms = now_ms
        self._lines = NodeLines()
        self._clients: list[Client] = []
        self._serve: Serve | None = None
        self._token = 0

    async def connect(self) -> None:
        """See the port."""
        try:
            for seed in (self._keys.user_seed, self._keys.watcher_seed):
                self._clients.append(await connect(self.address, seed, _CONNECT_S, _lost, stay=True))
        except BrokerError as error:
            await self.close()
            raise TransportError(f"NATS: {error}. {_CONFIGURE}") from error

    async def start(self, serve: Serve, token: int) -> None:
        """See the port."""
        self._serve, self._token = serve, token
        main, watcher = self._clients
        await main.subscribe(SUBJECT, queue="callout", cb=self._asked)
        await self._reached(main)
        if await lets_anybody_in(self.address, _CONNECT_S):
            await self.close()
            raise TransportError(f"NATS: the server at {self.address} lets anybody in. {_CONFIGURE}")
        for group in (self._group, ANY_GROUP):
            await main.subscribe(from_node("*", "*", group), cb=self._came)
        await watcher.subscribe(f"$SYS.ACCOUNT.{ACCOUNT}.DISCONNECT", cb=self._left)
        await self._reached(main, watcher)

    async def close(self) -> None:
        """See the port."""
        self._serve = None
        served = list(self._lines)
        await asyncio.gather(*(one.line.close() for one in served))
        tasks = [one.task for one in served if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(close(client) for client in self._clients))
        self._clients.clear()

    async def _reached(self, *clients: Client) -> None:
        try:
            await asyncio.gather(*map(reached, clients))
        except BrokerError as error:
            await self.close()
            raise TransportError(f"NATS: {error}. See whether the one at {self.address} runs.") from error

    async def _asked(self, question: Msg) -> None:
        keys = self._keys
        try:
            reply = answer(question.data, keys.issuer, keys.account, self._now_ms() // 1000)
        except CalloutError as error:
            log.warning("NATS: %s", error)
            return
        await self._publish(question.reply, reply)

    async def _came(self, published: Msg) -> None:
        """Called for one message after another; it waits for nothing but the way out."""
        try:
            node, name = sender(published.subject)
            message = decoded(published.data)
        except LineError:
            return
        served = self._lines.get(node, name)
        if served is not None and served.left and message.kind == "e":
            served.line.end(_GONE)
        elif served is not None:
            served.line.take(message)
        elif message.kind == "d" and message.number == 0:
            self._begin(node, name, message, published.subject)
        elif message.kind != "e":  # of a line that is over here: its node has to begin another
            await self._publish(to_node(node, name), encoded(Message("e", 0, token=self._token)))

    def _begin(self, node: NodeId, name: str, message: Message, came_on: str) -> None:
        try:
            dial = msgspec.json.decode(message.body, type=Dial)
        except ValueError:
            return
        if self._serve is None:
            return
        before = self._lines.outlived(node, dial.previous)
        for served in before:
            served.line.end("the node began another line")
        subject = to_node(node, name)
        limit = self._clients[0].max_payload
        served = Served(BrokerLine(lambda data: self._publish(subject, data), limit, self._token), came_on)
        served.line.take(message)
        self._lines.add(node, name, served)
        waited = {one.task for one in before if one.task is not None}
        served.task = asyncio.create_task(self._run(node, name, served, waited))

    async def _run(self, node: NodeId, name: str, served: Served, before: set[asyncio.Task[None]]) -> None:
        """`before`: serve the node's earlier lines; waited for, since a node is signed in once at a time."""
        try:
            if before:
                await asyncio.wait(before)
            if self._serve is not None:
                await self._serve(served.line)
        finally:
            self._lines.drop(node, name)
            await served.line.close()

    async def _left(self, news: Msg) -> None:
        """The news overtakes what the node said last: the end is put behind that, on the line's subject."""
        try:
            left = msgspec.json.decode(news.data, type=_Left)
        except ValueError:
            return
        served = self._lines.get(NodeId(left.client.user), left.client.name)
        if served is not None:
            log.info("node %s: its connection to the message server ended", short(left.client.user))
            served.left = True
            try:
                await self._publish(served.subject, encoded(Message("e", 0)))
            except Exception:  # nothing comes in any more, either
                served.line.end(_GONE)

    async def _publish(self, subject: str, data: bytes) -> None:
        await self._clients[0].publish(subject, data)


def _lost() -> None:
    log.warning("NATS: the connection to a server ended; another is tried until one answers")
