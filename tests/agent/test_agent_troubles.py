"""What can befall a running node: a stuck engine, a full disk, another coordinator; named, never fatal."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.protocol.keys import SigningKey
from console.protocol.messages import Chunk, Decline, Failed, Heartbeat
from console.protocol.types import Result


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """Listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, where the machine lets us mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def address(coordinator: ScriptedCoordinator) -> str:
    return f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"


async def test_an_engine_without_progress_is_restarted_and_its_job_fails(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    launcher = ScriptedLauncher(ScriptedEngine(end_bias=-50.0))
    node = RunningAgent(tmp_path / "home", address(coordinator), launcher, token_timeout_s=0.2)
    await node.start()
    try:
        await coordinator.signed_in.wait()
        launcher.engine.stall_after = 3
        await coordinator.say(coordinator.assignment(node.state.node.id))
        await coordinator.hears(Chunk)
        [failed] = await coordinator.hears(Failed)
        assert failed.code == "engine_crashed"
        await node.until(lambda s: any("no token for" in n.text for n in s.notes))
        launcher.engine.stall_after = None
        await node.until(lambda s: s.engine.state == "ready" and s.engine.restarts == 1)
        await coordinator.say(coordinator.assignment(node.state.node.id))
        await coordinator.hears(Result)
    finally:
        await node.stop()


async def test_a_small_disk_takes_no_work_and_a_full_one_says_so(
    small_disk: Path, coordinator: ScriptedCoordinator
) -> None:
    node = RunningAgent(small_disk / "home", address(coordinator))
    await node.start()
    try:
        await coordinator.hears(Heartbeat, lambda b: not b.ready and b.reason == "disk_full")
        await coordinator.say(coordinator.assignment(node.state.node.id))
        [declined] = await coordinator.hears(Decline)
        assert "disk is full" in declined.sentence
        with (small_disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 4096)
        answer = None
        for _ in range(50):  # SQLite may have a few pages in hand
            answer = await node.link.command("pause")
            if not answer.ok:
                break
        assert answer is not None
        assert not answer.ok
        assert "Free space" in answer.sentence
        (small_disk / "filler").unlink()
        assert (await node.link.command("pause")).ok
    finally:
        await node.stop()


async def test_a_changed_coordinator_is_told_and_not_signed_in_to(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    node = RunningAgent(tmp_path / "home", address(coordinator))
    await node.start()
    try:
        await coordinator.signed_in.wait()
        coordinator.key = SigningKey(b"z" * 32)
        await coordinator.cut()
        state = await node.until(lambda s: s.network.state == "refused")
        assert "Somebody else may be answering" in state.network.sentence
        state = await node.until(lambda s: "trust-new-coordinator" in s.reason.remedy)
        assert len(coordinator.sign_ins) == 1
    finally:
        await node.stop()


async def test_a_coordinator_that_is_gone_is_no_fault_and_comes_back(tmp_path: Path) -> None:
    coordinator = ScriptedCoordinator()
    node = RunningAgent(tmp_path / "home", await coordinator.start())
    await node.start()
    try:
        await coordinator.signed_in.wait()
        port = coordinator.port
        await coordinator.stop()
        state = await node.until(lambda s: s.reason.code == "coordinator_down" and s.network.next_try_ms > 0)
        assert "costs you nothing" in state.reason.sentence
        again = ScriptedCoordinator()
        await again.start(port)
        async with asyncio.timeout(30):
            await again.signed_in.wait()
        await node.until(lambda s: s.network.state == "connected" and s.reason.code == "no_demand")
        await again.stop()
    finally:
        await node.stop()
