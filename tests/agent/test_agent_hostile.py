"""Another coordinator, a lease that is worked for, a clock that jumps, a disk that fills at a bad moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.agent.clock import steady
from console.agent.journal import JournalError
from console.agent.journal.facts import FactTable
from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey
from console.protocol.messages import Failed, Opening, OpenRequest, ResultAnswered
from console.protocol.types import Result


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


def agent(home: Path, coordinator: ScriptedCoordinator, engine: ScriptedEngine | None = None) -> RunningAgent:
    address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
    return RunningAgent(home, address, ScriptedLauncher(engine or ScriptedEngine(end_bias=-50.0)))


async def signed_in(coordinator: ScriptedCoordinator) -> None:
    async with asyncio.timeout(20):
        await coordinator.signed_in.wait()


async def test_answers_go_to_the_coordinator_that_asked_and_to_no_other(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    """Another one would read them, and its `unknown` would erase what the first one still pays for."""
    node = agent(tmp_path / "home", coordinator)
    await node.start()
    await signed_in(coordinator)
    job = coordinator.assignment(NodeId(node.state.node.id))
    await coordinator.say(job)
    await coordinator.hears(Result)
    await node.stop()

    other = ScriptedCoordinator(SigningKey(b"o" * 32))
    await other.start()
    node = agent(tmp_path / "home", other)
    await node.start()
    await signed_in(other)
    await other.say(OpenRequest(job.job, 1))
    await other.say(ResultAnswered(job.job, 1, 1, "unknown", "Never heard of it."))
    opened = await other.hears(Opening)
    assert opened[0].blob == b""
    await node.stop()
    assert not [m for m in other.heard if isinstance(m, Result | Failed)]
    await other.stop()

    coordinator.signed_in.clear()
    sent = len(await coordinator.hears(Result, each=True))
    node = agent(tmp_path / "home", coordinator)
    await node.start()
    assert {r.job for r in await coordinator.hears(Result, count=sent + 1, each=True)} == {job.job}
    await node.stop()


async def test_a_lease_is_renewed_by_every_token_as_the_network_renews_it(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    engine = ScriptedEngine(end_bias=-50.0)
    engine.pace_s = 0.06
    node = agent(tmp_path / "home", coordinator, engine)
    await node.start()
    try:
        await signed_in(coordinator)
        await coordinator.say(coordinator.assignment(NodeId(node.state.node.id), lease_s=1))
        [result] = await coordinator.hears(Result)
        assert len(result.token_ids) == 24
    finally:
        await node.stop()


async def test_an_absurd_lease_does_not_end_the_node(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    node = agent(tmp_path / "home", coordinator)
    await node.start()
    try:
        await signed_in(coordinator)
        await coordinator.say(coordinator.assignment(NodeId(node.state.node.id), lease_s=1 << 60))
        await coordinator.say(coordinator.assignment(NodeId(node.state.node.id), lease_s=10**400))
        good = coordinator.assignment(NodeId(node.state.node.id))
        await coordinator.say(good)
        await coordinator.hears(Result, lambda m: m.job == good.job)
    finally:
        await node.stop()


def test_a_steady_clock_does_not_jump_with_the_wall() -> None:
    """A laptop that slept, or a clock set by NTP, must not look like an engine that hung for hours."""
    wall = [1_000_000]
    clock = steady(lambda: wall[0])
    before = clock()
    assert before >= 1_000_000
    wall[0] += 3_600_000
    assert clock() - before < 60_000
    wall[0] -= 7_200_000
    assert clock() >= before


async def test_an_engine_outlives_a_clock_that_jumps(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    offset_ms = 0
    node = agent(tmp_path / "home", coordinator)
    parts = node.agent._parts
    object.__setattr__(parts, "now_ms", lambda: time.time_ns() // 1_000_000 + offset_ms)
    await node.start()
    try:
        await signed_in(coordinator)
        await node.until(lambda s: s.engine.state == "ready")
        offset_ms = 3_600_000
        job = coordinator.assignment(NodeId(node.state.node.id), lease_s=60)
        await coordinator.hears(object, count=len(coordinator.heard) + 4)
        await coordinator.say(job)
        await coordinator.hears(Result, lambda m: m.job == job.job)
        assert node.launcher.launches == 1
    finally:
        await node.stop()


async def test_a_key_that_cannot_be_remembered_yet_is_tried_again(
    tmp_path: Path, coordinator: ScriptedCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, usual = 0, FactTable.pin

    async def full(self: FactTable, address: str, key: NodeId) -> None:
        nonlocal failed
        failed += 1
        if failed == 1:
            raise JournalError("The disk is full.")
        await usual(self, address, key)

    monkeypatch.setattr(FactTable, "pin", full)
    node = agent(tmp_path / "home", coordinator)
    await node.start()
    try:
        await signed_in(coordinator)
        assert failed == 2
        assert any("The disk is full" in note.text for note in node.state.notes)
    finally:
        await node.stop()
