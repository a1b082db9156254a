"""The native client against a scripted coordinator: sign-in, heartbeats, pins, and hostile frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from doubles.agent_doubles import SEEDS, ScriptedCoordinator
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection

from console.network.backoff import CAP_S, delay_s
from console.network.dialler import Beat, Dialler, Dialling, Parted
from console.network.native import NativeNetwork
from console.network.port import Claim, LinkError, RefusedError, Session
from console.protocol.frames import seal
from console.protocol.ids import NodeId, SessionId
from console.protocol.keys import SigningKey
from console.protocol.messages import (
    FRAME_BYTES_LIMIT,
    Challenge,
    EpochOpened,
    FromCoordinator,
    Goodbye,
    Heartbeat,
    Presence,
    Refused,
    Welcome,
)
from console.protocol.types import Balances, Policy

KEY = SigningKey(b"n" * 32)
CLAIM = Claim("tester", "test/1", "00", ())


class Memory:
    """Pins in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, NodeId] = {}

    async def pinned(self, address: str) -> NodeId | None:
        """The key known for `address`."""
        return self.keys.get(address)

    async def pin(self, address: str, key: NodeId) -> None:
        """Remember."""
        self.keys[address] = key


class Line:
    """The agent's end, recording."""

    def __init__(self) -> None:
        self.news: list[object] = []
        self.changed = asyncio.Condition()
        self.beats = 0

    async def claim(self) -> Claim:
        """Always the same."""
        return CLAIM

    def heartbeat(self) -> Heartbeat:
        """Numbered by its time."""
        self.beats += 1
        return Heartbeat(True, "earning", 0, self.beats)

    async def connected(self, session: Session) -> None:
        """Kept."""
        await self.add(session)

    async def heard(self, message: FromCoordinator | Beat) -> None:
        """Kept."""
        await self.add(message)

    async def parted(self, news: Dialling | Parted) -> None:
        """Kept."""
        await self.add(news)

    async def add(self, news: object) -> None:
        """Keep and tell."""
        async with self.changed:
            self.news.append(news)
            self.changed.notify_all()

    async def sees(self, kind: type, count: int = 1) -> list:  # type: ignore[type-arg]
        """Wait for news of a kind."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: sum(isinstance(n, kind) for n in self.news) >= count)
        return [n for n in self.news if isinstance(n, kind)]


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """Listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


def network(coordinator: ScriptedCoordinator, pins: Memory | None = None) -> NativeNetwork:
    return NativeNetwork(f"ws://127.0.0.1:{coordinator.port}/net", KEY, pins or Memory())


async def test_sign_in_proves_the_key_and_tells_what_is_claimed(coordinator: ScriptedCoordinator) -> None:
    session = await network(coordinator).connect(CLAIM)
    [sign_in] = coordinator.sign_ins
    assert (sign_in.node, sign_in.name, sign_in.software) == (KEY.node_id, "tester", "test/1")
    assert session.welcome.seeds_root == SEEDS.root
    await session.send(Goodbye("done"))
    await coordinator.hears(Goodbye)
    await session.close()


async def test_messages_come_in_order_and_the_end_has_a_cause(coordinator: ScriptedCoordinator) -> None:
    session = await network(coordinator).connect(CLAIM)
    await coordinator.signed_in.wait()
    for epoch in (2, 3, 4):
        await coordinator.say(EpochOpened(epoch, "00", Balances()))
    seen = []
    with pytest.raises(LinkError, match="closed the connection"):
        async for message in session.messages():
            seen.append(message.epoch)
            if len(seen) == 3:
                await coordinator.cut()
    assert seen == [2, 3, 4]
    with pytest.raises(LinkError):
        await session.send(Goodbye("too late"))


async def test_a_refusal_comes_with_its_rule_and_remedy(coordinator: ScriptedCoordinator) -> None:
    coordinator.answer_sign_in = Refused("suspended", "Three answers were rejected.", "Wait.", 99)
    with pytest.raises(RefusedError) as refused:
        await network(coordinator).connect(CLAIM)
    assert refused.value.refused.until_ms == 99


async def test_nobody_there_is_told_and_no_address_either() -> None:
    with pytest.raises(LinkError, match="cannot be reached"):
        await NativeNetwork("ws://127.0.0.1:9/x", KEY, Memory()).connect(CLAIM)
    for odd in ("what is this", "ws://[::1", "ws://127.0.0.1:99999/x"):
        with pytest.raises(LinkError, match="no address of a network"):
            await NativeNetwork(odd, KEY, Memory()).connect(CLAIM)


async def test_a_changed_coordinator_key_is_refused_before_anything_is_signed(
    coordinator: ScriptedCoordinator,
) -> None:
    pins = Memory()
    await (await network(coordinator, pins).connect(CLAIM)).close()
    assert list(pins.keys.values()) == [coordinator.key.node_id]
    coordinator.key = SigningKey(b"d" * 32)
    with pytest.raises(RefusedError) as refused:
        await network(coordinator, pins).connect(CLAIM)
    assert refused.value.refused.code == "coordinator_key_changed"
    assert "trust-new-coordinator" in refused.value.refused.remedy
    assert len(coordinator.sign_ins) == 1


HOSTILE = {
    "no json": "{",
    "not a frame": json.dumps({"session": "", "counter": 0}),
    "deep": "[" * 500_000,
    "too large": "x" * (FRAME_BYTES_LIMIT + 1),
    "wrong message": seal(KEY, "to_node", "", 0, Welcome("s", 1, "", Balances(), 0, 0)).decode(),  # type: ignore[arg-type]
    "unknown tag": seal(KEY, "to_node", "", 0, {"type": "surprise"}).decode(),
}


@pytest.mark.parametrize("frame", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_first_frames_end_in_a_sentence(coordinator: ScriptedCoordinator, frame: str) -> None:
    async def answer(socket: ServerConnection) -> None:
        await socket.send(frame)
        await socket.wait_closed()

    coordinator.at_challenge = answer
    with pytest.raises(LinkError, match="frame"):
        await network(coordinator).connect(CLAIM)


async def test_a_frame_signed_by_another_or_replayed_ends_the_session(
    coordinator: ScriptedCoordinator,
) -> None:
    news = EpochOpened(2, "00", Balances())
    forged_session = await network(coordinator).connect(CLAIM)
    session_id = forged_session.welcome.session
    await coordinator.signed_in.wait()
    await coordinator.say_raw(seal(KEY, "to_node", session_id, 0, news).decode())
    with pytest.raises(LinkError, match="signature does not match"):
        [m async for m in forged_session.messages()]
    await forged_session.close()

    coordinator.signed_in.clear()
    replayed_session = await network(coordinator).connect(CLAIM)
    await coordinator.signed_in.wait()
    frame = seal(coordinator.key, "to_node", replayed_session.welcome.session, 0, news).decode()
    await coordinator.say_raw(frame)
    await coordinator.say_raw(frame)
    seen = []
    with pytest.raises(LinkError, match="replayed or out of order"):
        async for message in replayed_session.messages():
            seen.append(message)
    assert seen == [news]
    await replayed_session.close()


async def test_the_dialler_beats_measures_and_comes_back(coordinator: ScriptedCoordinator) -> None:
    line = Line()
    dialler = Dialler(network(coordinator), line, lambda: 0.0)
    running = asyncio.create_task(dialler.run())
    try:
        [beat] = await line.sees(Beat)
        assert beat.round_trip_ms is not None
        assert beat.round_trip_ms < 10_000
        await coordinator.cut()
        [parted] = await line.sees(Parted)
        assert "closed the connection" in parted.sentence
        assert 0 < parted.retry_in_s <= CAP_S
        await line.sees(Beat, count=2)
        assert len(coordinator.sign_ins) == 2
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_a_presence_receipt_with_a_wrong_signature_ends_the_session(
    coordinator: ScriptedCoordinator,
) -> None:
    honest = coordinator.presence

    def forged(beat: Heartbeat) -> Presence:
        return msgspec.structs.replace(honest(beat), slot=7)

    coordinator.presence = forged  # type: ignore[method-assign]
    line = Line()
    running = asyncio.create_task(Dialler(network(coordinator), line, lambda: 0.0).run())
    try:
        [parted] = await line.sees(Parted)
        assert "presence receipt" in parted.sentence
        assert not [n for n in line.news if isinstance(n, Beat)]
    finally:
        running.cancel()
        await asyncio.wait({running})


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_are_spread_and_capped(failures: int, jitter: float) -> None:
    wait_s = delay_s(failures, jitter)
    assert 0.25 <= wait_s <= CAP_S
    assert delay_s(failures + 1, jitter) >= wait_s


class Endless:
    """A session, and the network that gives it, whose policy asks for a heartbeat after the end of time."""

    address = "endless"

    def __init__(self) -> None:
        policy = Policy(heartbeat_s=10**400)
        self.challenge = Challenge("00", KEY.node_id, "hostile", 1, policy)
        self.welcome = Welcome(SessionId("s"), 1, "00", Balances(), 0, 0)
        self.sent = asyncio.Event()

    async def connect(self, claim: Claim) -> Session:
        """This."""
        return self

    async def messages(self) -> AsyncIterator[FromCoordinator]:
        """None ever."""
        await asyncio.Event().wait()
        yield Refused("", "", "")

    async def send(self, message: object) -> None:
        """Kept."""
        self.sent.set()

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_heartbeat_beyond_all_bounds_does_not_end_the_dialler() -> None:
    endless = Endless()
    task = asyncio.create_task(Dialler(endless, Line(), lambda: 0.0).run())
    sent = asyncio.create_task(endless.sent.wait())
    async with asyncio.timeout(20):
        await asyncio.wait({task, sent}, return_when=asyncio.FIRST_COMPLETED)
    assert sent.done() and not task.done()
    task.cancel()
