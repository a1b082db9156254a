"""`quarterdeck audit verdict`: what it refuses, what it hands on, and this node's own answers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.cli import quarterdeck
from console.protocol.types import Result as JobResult


def run(*words: str) -> Result:
    return CliRunner().invoke(quarterdeck, ["audit", "verdict", *words])


@pytest.mark.parametrize(
    "words", [(), ("--all", "ab"), ("--all",), ("ab", "--no-engine"), ("ab", "--identity", "x")]
)
def test_wrong_usage_is_told(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert "--all" in done.output


def test_with_data_the_coordinators_own_process_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, words: handed.append(words))
    monkeypatch.setenv("QUARTERDECK_MODELS", str(tmp_path / "models"))
    run("--all", "--data", str(tmp_path), "--json", "--no-engine")
    run("ab12", "--data", str(tmp_path), "--identity", "key", "--model", "m.gguf", "--threads", "2")
    every, one = handed
    assert every[:3] == one[:3] == [sys.executable, "-m", "console.coordinator.again"]
    models = str(tmp_path / "models")
    assert every[3:7] == ["--data", str(tmp_path), "--models", models]
    assert every[7:] == ["--threads", "1", "--no-engine", "--json"]
    here = Path.cwd()
    assert one[-5:] == ["ab12", "--model", str(here / "m.gguf"), "--identity", str(here / "key")]


def test_a_folder_without_a_database_is_told(tmp_path: Path) -> None:
    from console.coordinator.again.__main__ import main

    assert main(["--data", str(tmp_path), "--models", str(tmp_path)]) == 1


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningAgent]:
    """A node one of whose answers was rejected, wrongly."""
    coordinator = ScriptedCoordinator()
    address = await coordinator.start()
    running = RunningAgent(tmp_path / "home", address, ScriptedLauncher(ScriptedEngine(end_bias=-50.0)))
    await running.start()
    await coordinator.signed_in.wait()
    await coordinator.say(coordinator.assignment(running.state.node.id))
    [result] = await coordinator.hears(JobResult)
    await coordinator.say(coordinator.verdict(result, "rejected"))
    await running.until(lambda s: bool(s.jobs) and s.jobs[0].state == "rejected")
    yield running
    await running.stop()
    await coordinator.stop()


async def test_this_nodes_own_answer_is_judged_again_from_what_it_keeps_sealed(node: RunningAgent) -> None:
    job = node.state.jobs[0].job

    async def ask(*words: str) -> Result:
        line = ["audit", "verdict", *words, "--home", str(node.home)]
        return await asyncio.to_thread(CliRunner().invoke, quarterdeck, line)

    done = await ask(job[:10])
    assert done.exit_code == 1, "the network rejected what this machine finds good"
    assert "✓ replay" in done.output and "✗ agreement" in done.output
    told = json.loads((await ask(job[:10], "--json")).stdout)
    assert (told["schema_version"], told["checked"], told["disagree"]) == (1, 1, 1), told["findings"]
    assert told["findings"][0].keys() >= {"job", "name", "sentence"}
    unknown = await ask("zz")
    assert unknown.exit_code == 1 and "begins with zz" in unknown.output
