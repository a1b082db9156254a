"""What calls the operator: reasons that need a person, each once, and nothing that mends itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator

from console.control.events import MachineSampled
from console.control.machine import GpuView, MachineView
from console.control.state import NodeState, Note
from console.control.wire import Delta
from console.protocol.messages import Refused


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """Listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


def node_of(home: Path, coordinator: ScriptedCoordinator) -> RunningAgent:
    return RunningAgent(home, f"ws://127.0.0.1:{coordinator.port}/net/v1/ws")


def calls(state: NodeState) -> list[Note]:
    return [note for note in state.notes if note.calls]


@pytest.mark.parametrize("code", ["duplicate_identity", "suspended"])
async def test_a_refusal_that_needs_a_person_calls_once(
    tmp_path: Path, coordinator: ScriptedCoordinator, code: str
) -> None:
    coordinator.answer_sign_in = Refused(code, "It cannot sign in.", "Stop one of the two.", 0)
    node = node_of(tmp_path / "home", coordinator)
    await node.start()
    state = await node.until(lambda s: bool(calls(s)))
    await node.until(lambda s: s.now_ms > state.now_ms + 1500)
    [note] = calls(node.state)
    assert (note.level, note.room) == ("error", "network")
    assert note.text == "It cannot sign in. Stop one of the two."
    await node.stop()


async def test_a_lost_gpu_calls_once_and_again_only_after_the_node_was_well(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    node = node_of(tmp_path / "home", coordinator)
    await node.start()
    async with asyncio.timeout(20):
        await coordinator.signed_in.wait()
    await node.until(lambda s: s.reason.code == "no_demand")
    board, lost = node.agent.board, [True]

    def card(delta: Delta) -> None:
        if isinstance(delta.event, MachineSampled) and not delta.event.machine.gpus:
            board.apply(MachineSampled(MachineView(gpus=(GpuView("card", lost=lost[0]),))))

    board.listen(card)
    state = await node.until(lambda s: s.reason.code == "gpu_lost")
    await node.until(lambda s: s.now_ms > state.now_ms + 1500)
    assert [note.room for note in calls(node.state)] == ["machine"]
    lost[0] = False
    await node.until(lambda s: s.reason.code == "no_demand")
    lost[0] = True
    await node.until(lambda s: len(calls(s)) == 2)
    await node.stop()
