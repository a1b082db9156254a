"""The `Transport` port: one suite over the WebSocket hub and over a real NATS server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from transport_ends import CLAIM, Ends, fresh_key, nats_ends, until_ended, websocket_ends

from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.private_nats import PrivateNats
from console.network.port import LinkError
from console.protocol.lines import LineError
from console.protocol.messages import FRAME_BYTES_LIMIT

KEYS = NatsKeys(bytes(range(32)))
FRAMES = 1000


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateNats]:
    server = PrivateNats([KEYS])
    server.start()
    yield server
    server.close()


@pytest_asyncio.fixture(params=["websocket", "nats"])
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[Ends]:
    if request.param == "websocket":
        async with websocket_ends() as found:
            yield found
    else:
        async with nats_ends(request.getfixturevalue("server"), KEYS) as found:
            yield found


async def test_frames_go_both_ways_in_order(ends: Ends) -> None:
    wire, line = await ends.pair()
    for number in range(200):
        await wire.send(f"up {number}")
        await line.send(f"down {number}")
    assert [as_text(await line.receive()) for _ in range(200)] == [f"up {n}" for n in range(200)]
    assert [as_text(await wire.receive()) for _ in range(200)] == [f"down {n}" for n in range(200)]


async def test_a_frame_may_be_as_large_as_the_protocol_allows(ends: Ends) -> None:
    wire, line = await ends.pair()
    large = "ü" * (FRAME_BYTES_LIMIT // 2)
    await wire.send(large)
    assert as_text(await line.receive()) == large
    await line.send(large)
    assert as_text(await wire.receive()) == large


async def test_lines_of_many_nodes_are_kept_apart(ends: Ends) -> None:
    pairs = [await ends.pair() for _ in range(10)]
    for number, (wire, line) in enumerate(pairs):
        await wire.send(f"from {number}")
        await line.send(f"to {number}")
    for number, (wire, line) in enumerate(pairs):
        assert as_text(await line.receive()) == f"from {number}"
        assert as_text(await wire.receive()) == f"to {number}"


async def test_what_was_sent_before_an_end_is_still_read(ends: Ends) -> None:
    wire, line = await ends.pair()
    await wire.send("last")
    await wire.close()
    assert as_text(await line.receive()) == "last"
    with pytest.raises(LineError):
        await asyncio.wait_for(line.receive(), 10)
    with pytest.raises(LineError):
        await asyncio.wait_for(line.receive(), 10)


async def test_all_that_was_sent_before_an_end_is_read_though_it_was_much(ends: Ends) -> None:
    """News of the end took another way than the frames, and overtook them."""
    wire, line = await ends.pair()
    for number in range(FRAMES):
        await wire.send(f"{number} {'x' * 1000}")
    await wire.close()
    read = [as_text(await asyncio.wait_for(line.receive(), 10)).split()[0] for _ in range(FRAMES)]
    assert read == [str(number) for number in range(FRAMES)]
    with pytest.raises(LineError):
        await asyncio.wait_for(line.receive(), 10)


async def test_the_coordinators_end_is_known_to_the_node(ends: Ends) -> None:
    wire, line = await ends.pair()
    await line.send("last word")
    ends.let_go(line)
    assert as_text(await wire.receive()) == "last word"
    with pytest.raises(LinkError):
        await asyncio.wait_for(wire.receive(), 10)


async def test_nothing_is_sent_on_a_line_that_has_ended(ends: Ends) -> None:
    wire, line = await ends.pair()
    await wire.close()
    assert await until_ended(line)
    with pytest.raises(LineError):
        for _ in range(100):  # a socket takes a few before it knows
            await line.send("x" * 10_000)
            await asyncio.sleep(0.01)
    await line.close()
    await line.close()


async def test_a_line_is_served_again_after_its_node_has_dialled_anew(ends: Ends) -> None:
    key, dial = fresh_key(), ends.dial()
    first, old = await ends.pair(key, dial)
    await first.close()
    assert await until_ended(old)
    ends.let_go(old)
    second, line = await ends.pair(key, dial)
    await second.send("again")
    assert as_text(await line.receive()) == "again"


async def test_an_address_where_nobody_listens_is_told(ends: Ends) -> None:
    scheme = ends.address.partition("://")[0]
    with pytest.raises(LinkError, match="cannot be reached"):
        await ends.dial()(f"{scheme}://127.0.0.1:9", fresh_key(), CLAIM)


def as_text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode()
