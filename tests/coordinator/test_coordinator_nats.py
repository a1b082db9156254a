"""Lines over a real NATS server: who may do what, and what becomes of a line when things break."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import nkeys
import pytest
import pytest_asyncio
from coordinator_harness import until
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import OutboundBufferLimitError
from transport_ends import CLAIM, GROUP, Ends, fresh_key, nats_ends, until_ended

from console.broker import connecting
from console.broker.connecting import BrokerError, close, connect, reached, servers_of
from console.coordinator.transport.callout import CalloutError, answer
from console.coordinator.transport.nats import NatsTransport
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.nats_lines import LINES_PER_NODE
from console.coordinator.transport.port import TransportError
from console.coordinator.transport.private_nats import PrivateNats, address_of, cluster_of
from console.coordinator.transport.server_config import server_config
from console.network.nats_wire import NatsDial
from console.network.port import LinkError
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.lines import Dial, Message, decoded, encoded, from_node, to_node
from console.protocol.nkeys import user_nkey

KEYS = NatsKeys(bytes(range(32)))


@pytest.fixture
def server() -> Iterator[PrivateNats]:
    server = PrivateNats([KEYS])
    server.start()
    yield server
    server.close()


@pytest_asyncio.fixture
async def ends(server: PrivateNats) -> AsyncIterator[Ends]:
    async with nats_ends(server, KEYS) as found:
        yield found


class Peer:
    """A client under a node's key that does as it likes."""

    def __init__(self, key: SigningKey, client: Client) -> None:
        self.key, self.client = key, client
        self.name = secrets.token_hex(16)
        self.heard: list[Message] = []

    async def say(self, message: Message, name: str = "") -> None:
        subject = from_node(self.key.node_id, name or self.name, GROUP)
        await self.client.publish(subject, encoded(message))
        await reached(self.client)

    async def listen(self) -> None:
        async def heard(message: Msg) -> None:
            self.heard.append(decoded(message.data))

        await self.client.subscribe(to_node(self.key.node_id, self.name), cb=heard)
        await reached(self.client)

    async def dial(self, **body: object) -> None:
        await self.say(Message("d", 0, msgspec.json.encode(Dial(**body))))  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def peer(server: PrivateNats, key: SigningKey | None = None) -> AsyncIterator[Peer]:
    key = key or fresh_key()
    client = await connect(server.address, key.seed(), 5, lambda: None, stay=False)
    try:
        yield Peer(key, client)
    finally:
        await close(client)


async def test_a_message_that_comes_twice_is_taken_once_and_one_that_is_lost_ends_the_line(
    server: PrivateNats, ends: Ends
) -> None:
    async with peer(server) as node:
        await node.dial()
        line = await asyncio.wait_for(ends.taken.get(), 5)
        await node.say(Message("f", 1, b"one"))
        await node.say(Message("f", 1, b"one"))
        await node.dial()
        await node.say(Message("f", 2, b"two"))
        await node.say(Message("f", 4, b"four"))
        assert [await line.receive(), await line.receive()] == [b"one", b"two"]
        assert "1 messages of the line were lost" in await until_ended(line)


async def test_a_delayed_message_ends_the_line_since_nothing_is_taken_out_of_order(
    server: PrivateNats, ends: Ends
) -> None:
    async with peer(server) as node:
        await node.dial()
        line = await asyncio.wait_for(ends.taken.get(), 5)
        await node.say(Message("f", 2, b"two"))
        await node.say(Message("f", 1, b"one"))
        assert "lost" in await until_ended(line)


async def test_rubbish_begins_no_line_and_ends_none(server: PrivateNats, ends: Ends) -> None:
    async with peer(server) as node:
        await node.client.publish(from_node(node.key.node_id, "short", GROUP), b"d 0 {}")
        await node.client.publish(from_node(node.key.node_id, node.name, GROUP), b"rubbish")
        await node.say(Message("d", 0, b"{not json"))
        await node.say(Message("d", 0, b'{"previous": 7}'))
        await node.dial()
        line = await asyncio.wait_for(ends.taken.get(), 5)
        await node.client.publish(from_node(node.key.node_id, node.name, GROUP), b"rubbish")
        await node.say(Message("f", 1, b"one"))
        assert await line.receive() == b"one"
        assert ends.taken.empty()


async def test_a_node_may_use_its_own_subjects_alone(server: PrivateNats, ends: Ends) -> None:
    wire, line = await ends.pair()
    async with peer(server) as node:
        other = fresh_key().node_id
        mine = to_node(node.key.node_id, node.name)
        refused = [from_node(other, node.name, GROUP), mine, "$SYS.REQ.USER.AUTH", "x"]
        for subject in refused:
            await node.client.publish(subject, b"d 0 {}")
        for subject in (to_node(other, "*"), "quarterdeck.v1.>", ">", "$SYS.>"):
            await node.client.subscribe(subject)
        await reached(node.client)
        await line.send("for one alone")
        assert await wire.receive() == b"for one alone"
        assert ends.taken.empty()
        log = (server.folder / "log").read_text()
        assert log.count("Publish Violation") == len(refused)
        assert log.count("Subscription Violation") == 4


async def test_without_a_proof_of_its_key_nobody_is_let_in(
    server: PrivateNats, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = user_nkey(fresh_key().node_id).encode()
    monkeypatch.setattr(nkeys.KeyPair, "public_key", another)
    with pytest.raises(BrokerError, match="does not let this key in"):
        async with peer(server):
            pass


async def test_a_line_that_is_not_known_here_is_ended(server: PrivateNats, ends: Ends) -> None:
    """As after a restart of the coordinator: its node learns at once that it has to dial again."""
    async with peer(server) as node:
        await node.listen()
        await node.say(Message("f", 17, b"a heartbeat"))
        await until(lambda: node.heard)
        assert node.heard[0].kind == "e"


async def test_a_node_that_dials_again_is_let_go_of_at_once(ends: Ends) -> None:
    key, dial = fresh_key(), NatsDial()
    _, old = await ends.pair(key, dial)
    again = asyncio.create_task(ends.pair(key, dial))
    assert "another line" in await until_ended(old)
    assert not again.done(), "a node is signed in once at a time"
    ends.let_go(old)
    wire, line = await again
    await wire.send("again")
    assert await line.receive() == b"again"


async def test_another_machine_with_the_same_key_does_not_end_the_first_ones_line(ends: Ends) -> None:
    """It is for the registry to name the duplicate."""
    key = fresh_key()
    first, line = await ends.pair(key)
    await ends.pair(key)
    await first.send("still here")
    assert await line.receive() == b"still here"


async def test_lines_of_one_node_are_bounded(ends: Ends) -> None:
    key = fresh_key()
    lines = [(await ends.pair(key))[1] for _ in range(LINES_PER_NODE)]
    one_more = asyncio.create_task(ends.pair(key))
    assert "another line" in await until_ended(lines[0])
    ends.let_go(lines[0])
    await one_more


async def test_a_node_that_is_cut_off_is_known_by_the_servers_news(ends: Ends) -> None:
    wire, line = await ends.pair()
    wire._dialled._client._transport._io_writer.transport.abort()  # type: ignore[attr-defined]
    assert "connection ended" in await until_ended(line)


async def test_an_end_that_cannot_be_put_behind_what_came_is_one_at_once(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, line = await ends.pair()

    async def full(*_: object) -> None:
        raise OutboundBufferLimitError

    monkeypatch.setattr(Client, "publish", full)
    await wire.close()
    assert await until_ended(line) == "the node's connection ended"


async def test_a_server_that_dies_ends_the_nodes_line_and_the_coordinator_comes_back(
    server: PrivateNats, ends: Ends
) -> None:
    key, dial = fresh_key(), NatsDial()
    wire, old = await ends.pair(key, dial)
    server.kill()
    assert await until_ended(wire)
    with pytest.raises(LinkError):
        await dial(ends.address, key, CLAIM)
    server.start()
    ends.let_go(old)
    async with asyncio.timeout(15):
        while True:
            with contextlib.suppress(LinkError):
                wire, line = await ends.pair(key, dial)
                break
            await asyncio.sleep(0.1)
    await wire.send("again")
    assert await line.receive() == b"again"


async def test_of_three_servers_one_may_die() -> None:
    with cluster_of([KEYS], 3) as servers:
        ends = Ends(address_of(servers))
        transport = NatsTransport(ends.address, KEYS, GROUP, lambda: 1_700_000_000_000)
        await transport.connect()
        await transport.start(ends.serve, 1)
        key, dial = fresh_key(), NatsDial()
        wire, line = await ends.pair(key, dial)
        for one in servers:
            if wire._dialled._client.connected_url.port == one.port:  # type: ignore[attr-defined]
                one.kill()
        assert await until_ended(wire)
        ends.let_go(line)
        async with asyncio.timeout(15):
            while True:
                with contextlib.suppress(LinkError, TimeoutError):
                    wire, line = await ends.pair(key, dial)
                    break
                await asyncio.sleep(0.1)
        await wire.send("over another server")
        assert await line.receive() == b"over another server"
        await transport.close()


async def test_a_coordinator_without_its_servers_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.coordinator.transport.nats._CONNECT_S", 0.5)
    transport = NatsTransport("nats://127.0.0.1:9", KEYS, GROUP, lambda: 0)
    with pytest.raises(TransportError, match="nats-config"):
        await transport.connect()


@pytest.mark.parametrize("address", ["", "nats://", "ws://a:1", "a:4222", "nats://,"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(BrokerError, match="no address of NATS"):
        servers_of(address)


@pytest.mark.parametrize("question", [b"", b"a.b.c", b"a", b"..", b"a.e30.c", b"a." + b"A" * 5 + b".c"])
def test_a_question_that_is_none_is_not_answered(question: bytes) -> None:
    with pytest.raises(CalloutError):
        answer(question, KEYS.issuer, KEYS.account, 0)


async def test_coordinators_of_two_groups_share_their_servers() -> None:
    """Whichever is asked lets a node in, and each hears the nodes of its own group."""
    shared, other = b"s" * 32, GroupId("ef" * 32)
    keys = [NatsKeys(bytes([number]) * 32, shared) for number in (1, 2)]
    with cluster_of(keys, 1) as (server,):
        both = [Ends(server.address), Ends(server.address)]
        transports = [
            NatsTransport(server.address, own, group, lambda: 1_700_000_000_000)
            for own, group in zip(keys, (GROUP, other), strict=True)
        ]
        for transport, ends in zip(transports, both, strict=True):
            await transport.connect()
            await transport.start(ends.serve, 1)
        for _ in range(6):
            wire = await NatsDial()(server.address, fresh_key(), CLAIM)
            line = await asyncio.wait_for(both[0].taken.get(), 5)
            await wire.send("ahoy")
            assert await line.receive() == b"ahoy"
        assert both[1].taken.empty()
        for transport in transports:
            await transport.close()


async def test_an_owner_that_wakes_up_after_another_took_over_breaks_no_line(server: PrivateNats) -> None:
    key, dial = fresh_key(), NatsDial()
    async with nats_ends(server, KEYS, 7) as stale:
        _, before = await stale.pair(key, dial)
        async with nats_ends(server, KEYS, 8) as owner:
            wire, line = await owner.pair(key, dial)
            await line.send("from the owner")
            assert await wire.receive() == b"from the owner"
            stale.let_go(before)
            other = await asyncio.wait_for(stale.taken.get(), 5)  # it has heard the dial as well
            await other.send("from the one before")
            stale.let_go(other)
            await until(lambda: other in stale.ended)
            await line.send("again")
            assert await wire.receive() == b"again"
            await wire.send("back")
            assert await line.receive() == b"back"


async def test_a_database_that_was_set_back_is_heard_again_after_a_while(
    server: PrivateNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, dial = fresh_key(), NatsDial()
    async with nats_ends(server, KEYS, 8) as ends:
        wire, line = await ends.pair(key, dial)
        await line.send("from 8")
        assert await wire.receive() == b"from 8"
        await wire.close()
    async with nats_ends(server, KEYS, 3) as ends:
        for wait_s, heard in ((60.0, False), (0.0, True)):
            monkeypatch.setattr("console.network.nats_wire.REMEMBERED_S", wait_s)
            wire, line = await ends.pair(key, dial)
            await line.send("from 3")
            if heard:
                assert await asyncio.wait_for(wire.receive(), 5) == b"from 3"
            else:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(wire.receive(), 0.5)
            await wire.close()
            ends.let_go(line)


async def test_a_server_that_lets_anybody_in_is_not_used(tmp_path: Path) -> None:
    server = PrivateNats([KEYS])
    (server.folder / "server.conf").write_text(f'listen: "127.0.0.1:{server.port}"\n')
    server.start()
    try:
        transport = NatsTransport(server.address, KEYS, GROUP, lambda: 1_700_000_000_000)
        await transport.connect()
        with pytest.raises(TransportError, match="lets anybody in"):
            await transport.start(Ends("").serve, 1)
    finally:
        server.close()


async def test_a_server_that_is_gone_as_a_coordinator_begins_to_serve_is_told(
    server: PrivateNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for one that stood by for hours: it had connected, and its server is away as it takes over."""
    monkeypatch.setattr(connecting, "REACHED_S", 0.3)
    transport = NatsTransport(server.address, KEYS, GROUP, lambda: 1_700_000_000_000)
    await transport.connect()
    server.kill()
    with pytest.raises(TransportError, match="does not answer any more"):
        await transport.start(Ends("").serve, 1)
    await transport.close()


def test_a_server_soon_lets_go_of_a_coordinator_whose_machine_is_gone() -> None:
    assert 'ping_interval: "5s"\nping_max: 2\n' in server_config([KEYS], "127.0.0.1", 4222)
