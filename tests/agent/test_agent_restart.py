"""restart_agent: the same process begins anew with what the configuration says now; nothing is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import doubles.restartable_agent
import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator
from models.synthetic_gguf import gguf

from console.agent.__main__ import _from_here
from console.agent.foreground import _config, _for_another_start, _parser
from console.control.link import Link
from console.control.state import NodeState
from console.control.wire import Answer, Snapshot
from console.protocol.messages import Chunk, Failed
from console.protocol.types import Result
from console.settings.paths import socket_path


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With two models of the operator's own, the first of them configured by a relative path."""
    folder = tmp_path / "home"
    (folder / "models").mkdir(parents=True)
    for name in ("first", "second"):
        (folder / "models" / f"{name}.gguf").write_bytes(gguf())
    (folder / "config.toml").write_text('# mine\n[engine]\nmodel = "models/first.gguf"\n')
    return folder


def spawn(home: Path, coordinator: ScriptedCoordinator, *more: str) -> subprocess.Popen[bytes]:
    address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
    script = doubles.restartable_agent.__file__
    command = [sys.executable, script, "--home", str(home), "--coordinator", address, *more]
    return subprocess.Popen(command)


async def signed_in(coordinator: ScriptedCoordinator) -> None:
    async with asyncio.timeout(60):
        await coordinator.signed_in.wait()


async def state_of(link: Link) -> NodeState:
    async with asyncio.timeout(60):
        async for news in link.attach():
            if isinstance(news, Snapshot):
                return news.state
    raise AssertionError


async def order(home: Path, command: str, model: str = "") -> Answer:
    return await Link(socket_path(home, "agent")).command(command, {"name": model} if model else {})  # type: ignore[arg-type]


@pytest.mark.e2e
async def test_another_model_is_served_after_a_restart_and_every_job_is_answered_for(
    home: Path, coordinator: ScriptedCoordinator
) -> None:
    process = spawn(home, coordinator, "--trust-new-coordinator")
    try:
        await signed_in(coordinator)
        link = Link(socket_path(home, "agent"))
        before = await state_of(link)
        assert before.engine.model == "first"
        node = coordinator.sign_ins[0].node
        await coordinator.say(coordinator.assignment(node, max_tokens=24))
        [result] = await coordinator.hears(Result)
        half = coordinator.assignment(node, max_tokens=60)
        await coordinator.say(half)
        await coordinator.hears(Chunk, lambda chunk: chunk.job == half.job)

        second = str(home / "models" / "second.gguf")
        answer = await order(home, "use_model", second)
        assert answer.ok and "restart" in answer.sentence
        assert (home / "config.toml").read_text() == f'# mine\n[engine]\nmodel = "{second}"\n'
        coordinator.signed_in.clear()
        answer = await order(home, "restart_agent")
        assert answer.ok and "1 unfinished job" in answer.sentence
        sent = len(await coordinator.hears(Result, each=True))
        [failed] = await coordinator.hears(Failed)
        assert (failed.job, failed.attempt) == (half.job, half.attempt)

        await signed_in(coordinator)
        after = await state_of(link)
        assert process.poll() is None and after.node.pid == before.node.pid == process.pid
        assert (after.engine.model, after.node.id) == ("second", node)
        assert after.node.started_ms > before.node.started_ms
        assert {job.job for job in after.jobs} == {result.job, half.job}
        assert set(await coordinator.hears(Result, count=sent + 1, each=True)) == {result}
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
        assert b"--home" in words and b"--trust-new-coordinator" not in words
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.e2e
async def test_a_configuration_that_cannot_be_used_ends_no_agent(
    home: Path, coordinator: ScriptedCoordinator
) -> None:
    process = spawn(home, coordinator)
    try:
        await signed_in(coordinator)
        good = (home / "config.toml").read_text()
        for bad, words in (
            ("[engine\n", "not valid TOML"),
            ('[engine]\nmodel = "models/none.gguf"\n', "no such file"),
            ('[engine]\nmodel = "nonsense"\n', "nonsense"),
        ):
            (home / "config.toml").write_text(bad)
            answer = await order(home, "restart_agent")
            assert not answer.ok and words in answer.sentence and "keeps running" in answer.sentence
        (home / "config.toml").write_text(good)
        (home / "models" / "first.gguf").write_bytes(b"GGUF but not really one, and long enough")
        answer = await order(home, "restart_agent")
        assert not answer.ok and "cannot be served" in answer.sentence
        assert len(coordinator.sign_ins) == 1
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.e2e
async def test_practices_node_leaves_restarts_to_practice(
    home: Path, coordinator: ScriptedCoordinator
) -> None:
    process = spawn(home, coordinator, "--practice")
    try:
        await signed_in(coordinator)
        for name in ("restart_agent", "use_model"):
            answer = await order(home, name, str(home / "models" / "second.gguf"))
            assert not answer.ok and "practice run" in answer.sentence
    finally:
        process.terminate()
        assert process.wait(30) == 0


async def test_an_agent_that_knows_no_command_line_says_so(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    running = RunningAgent(tmp_path / "home", f"ws://127.0.0.1:{coordinator.port}/net/v1/ws")
    await running.start()
    try:
        answer = await running.link.command("restart_agent")
        assert not answer.ok and "start it as you did before" in answer.sentence
    finally:
        await running.stop()


def test_what_was_meant_for_one_start_is_not_said_again() -> None:
    words = ["--home", "/h", "--report-fd", "7", "--trust-new-coordinator", "--log", "/h/agent.log"]
    assert _for_another_start(words) == ["--home", "/h", "--log", "/h/agent.log"]


def model_by(*words: str) -> str:
    return _config(_parser().parse_args(list(words))).engine.model


def test_a_relative_path_of_the_file_belongs_to_the_files_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert model_by("--home", str(home)) == str(home / "models/first.gguf")
    config = home / "other.toml"
    config.write_text('[engine]\nmodel = "x.gguf"\n')
    assert model_by("--home", str(home), "--config", str(config)) == str(home / "x.gguf")


def test_a_relative_path_of_the_command_line_belongs_to_where_it_was_given(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    detached = _from_here(["--home", ".", "--config", "config.toml", "--model", "models/second.gguf"])
    monkeypatch.chdir("/")
    second = str(home / "models/second.gguf")
    assert detached == ["--home", str(home), "--config", str(home / "config.toml"), "--model", second]
    assert model_by(*detached) == second
    assert _from_here(["--model", "smollm2-135m-instruct-q4_1"])[1] == "smollm2-135m-instruct-q4_1"
