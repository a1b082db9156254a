"""`status`, `jobs`, `identity`, `pause`: what they print, for people and for programs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.cli import quarterdeck
from console.cli.status import _reason
from console.cli.wording import ago, size, span
from console.control.network import NetworkState, NetworkView
from console.control.state import NodeState
from console.control.wire import Answer
from console.protocol.reasons import reason
from console.protocol.types import Result as JobResult


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningAgent]:
    """A node that has answered one job and was paid."""
    coordinator = ScriptedCoordinator()
    address = await coordinator.start()
    running = RunningAgent(tmp_path / "home", address, ScriptedLauncher(ScriptedEngine(end_bias=-50.0)))
    await running.start()
    await coordinator.signed_in.wait()
    await coordinator.say(coordinator.assignment(running.state.node.id))
    [result] = await coordinator.hears(JobResult)
    verdict = coordinator.verdict(result)
    await coordinator.say(verdict)
    await coordinator.say(coordinator.receipt(result, verdict))
    await running.until(lambda s: s.money.today_accepted == 1 and s.network.listed)
    yield running
    await running.stop()
    await coordinator.stop()


async def ask(node: RunningAgent, *words: str) -> Result:
    """Run a command beside the agent's event loop."""
    return await asyncio.to_thread(CliRunner().invoke, quarterdeck, [*words, "--home", str(node.home)])


async def test_status_for_people_names_the_reason_and_health(node: RunningAgent) -> None:
    await node.until(lambda s: s.reason.code == "earning")
    done = await ask(node, "status")
    assert done.exit_code == 0
    assert "● EARNING" in done.output
    assert "last accepted" in done.output
    assert "tester" in done.output
    assert "pending 13.5 µcr" in done.output
    assert "4 threads · 1 × 2,048 tokens · on the processor" in done.output
    assert max(len(line) for line in done.output.splitlines()) <= 80


async def test_without_utf8_the_commands_speak_ascii_and_json_stays_json(node: RunningAgent) -> None:
    kept = {k: v for k, v in os.environ.items() if k != "LANG" and not k.startswith("LC_")}
    home = ["--home", str(node.home)]

    def told(*words: str) -> bytes:
        command = [sys.executable, "-m", "console", *words, *home]
        return subprocess.run(command, capture_output=True, env=kept, check=True).stdout

    shown = (await asyncio.to_thread(told, "status")).decode("ascii")
    assert "pending 13.5 ucr" in shown and "v 1  x 0" in shown and "?" not in shown
    assert json.loads(await asyncio.to_thread(told, "status", "--json"))["schema_version"] == 1


async def test_status_for_programs_is_the_nodes_state(node: RunningAgent) -> None:
    document = json.loads((await ask(node, "status", "--json")).output)
    assert document["schema_version"] == 1
    assert document["state"]["node"]["id"] == node.state.node.id
    assert document["state"]["money"]["today_accepted"] == 1


async def test_jobs_for_people_and_programs(node: RunningAgent) -> None:
    document = json.loads((await ask(node, "jobs", "--json", "--limit", "5")).output)
    assert document["schema_version"] == 1
    [job] = document["jobs"]
    assert (job["state"], job["tokens"], job["settled"]) == ("accepted", 24, True)
    shown = (await ask(node, "jobs")).output
    assert job["job"][:6] in shown
    assert "✓ accepted" in shown
    assert "+13.5 µcr" in shown


async def test_switches_and_identity(node: RunningAgent) -> None:
    assert (await ask(node, "pause")).output.startswith("Paused.")
    assert node.state.reason.code == "paused"
    assert (await ask(node, "resume")).output.startswith("Resumed.")
    assert (await ask(node, "drain")).output.startswith("Draining.")
    document = json.loads((await ask(node, "identity", "--json")).output)
    assert document["id"] == node.state.node.id
    assert document["key_file"].endswith("identity.key")


def test_wording() -> None:
    assert [span(s) for s in (0, 59, 119, 120, 7_199, 7_200, 200_000)] == [
        "0 s",
        "59 s",
        "119 s",
        "2 min",
        "119 min",
        "2 h",
        "2 d",
    ]
    assert ago(0, 5) == "never"
    assert size(None) == "-"


@pytest.mark.parametrize(("network", "code"), [("connected", 0), ("connecting", 0), ("refused", 4)])
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_refused_node_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, network: NetworkState, code: int, words: tuple[str, ...]
) -> None:
    state = NodeState(network=NetworkView(state=network))
    answer = Answer("1", True, "", msgspec.Raw(msgspec.json.encode(state)))
    monkeypatch.setattr("console.cli.status.question", lambda *_: answer)
    done = CliRunner().invoke(quarterdeck, ["status", *words])
    assert done.exit_code == code
    assert done.stdout


def test_what_comes_at_that_time_is_named_for_what_it_is() -> None:
    for code, words in (("coordinator_down", "Next try in 5 s."), ("suspended", "Ends in 5 s.")):
        state = NodeState(now_ms=1_000, reason=reason(code, until_ms=6_000))
        assert words in _reason(state).plain
