"""kill -9 of the agent's process in mid-job: nothing is lost, nothing is sent as two different results."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import doubles.agent_process
import pytest
from doubles.agent_doubles import ScriptedCoordinator

from console.protocol.messages import Chunk, Failed, Opening, OpenRequest, ResultAnswered
from console.protocol.types import Result
from console.verification.commitment import commitment

pytestmark = pytest.mark.e2e


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """Listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


def spawn(home: Path, coordinator: ScriptedCoordinator, stall_after: int) -> subprocess.Popen[bytes]:
    """The agent's process."""
    script = doubles.agent_process.__file__
    address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
    return subprocess.Popen([sys.executable, script, str(home), address, str(stall_after)])


async def signed_in(coordinator: ScriptedCoordinator) -> None:
    async with asyncio.timeout(60):
        await coordinator.signed_in.wait()


async def test_kill_9_in_mid_job_and_after_a_result(tmp_path: Path, coordinator: ScriptedCoordinator) -> None:
    first = spawn(tmp_path / "home", coordinator, 30)
    try:
        await signed_in(coordinator)
        node = coordinator.sign_ins[0].node
        done = coordinator.assignment(node, max_tokens=24)
        await coordinator.say(done)
        [result] = await coordinator.hears(Result)
        half = coordinator.assignment(node, max_tokens=60)
        await coordinator.say(half)
        await coordinator.hears(Chunk, lambda c: c.job == half.job)
    finally:
        coordinator.signed_in.clear()
        first.kill()
        first.wait()
    sent = len(await coordinator.hears(Result, each=True))
    second = spawn(tmp_path / "home", coordinator, -1)
    try:
        await signed_in(coordinator)
        assert coordinator.sign_ins[-1].node == node
        [failed] = await coordinator.hears(Failed)
        assert (failed.job, failed.attempt, failed.fault) == (half.job, half.attempt, "node")
        assert set(await coordinator.hears(Result, count=sent + 1, each=True)) == {result}
        await coordinator.say(ResultAnswered(done.job, 1, 1, "taken", "Taken."))
        await coordinator.say(OpenRequest(done.job, 1))
        [opening] = await coordinator.hears(Opening)
        assert commitment(opening.blob) == result.commitment
        assert not [r for r in await coordinator.hears(Result) if r.job == half.job]
    finally:
        second.terminate()
        assert second.wait(30) == 0


async def test_a_hangup_changes_nothing(tmp_path: Path, coordinator: ScriptedCoordinator) -> None:
    process = spawn(tmp_path / "home", coordinator, -1)
    try:
        await signed_in(coordinator)
        os.kill(process.pid, signal.SIGHUP)
        await coordinator.say(coordinator.assignment(coordinator.sign_ins[0].node))
        await coordinator.hears(Result)
        assert len(coordinator.sign_ins) == 1
    finally:
        process.terminate()
        assert process.wait(30) == 0
