"""An answer judged again on the node's own engine: what it finds, when it refuses, and that jobs go first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.agent.judging import agreement
from console.agent.launching import LlamaLauncher
from console.control.wire import Check
from console.engine.port import EngineError, Health, Scored, ScoreRequest
from console.protocol.messages import Cancel, Chunk, Opening, OpenRequest
from console.protocol.types import Result, Verdict
from console.settings.config import EngineConfig


class HeldEngine(ScriptedEngine):
    """Scores only while `go` is set; a score that is held can be cancelled."""

    def __init__(self) -> None:
        super().__init__(end_bias=-50.0)
        self.go = asyncio.Event()
        self.go.set()
        self.scoring = asyncio.Event()
        self.given_up: list[str] = []
        self.works_for_others = False

    async def health(self) -> Health:
        health = await super().health()
        return msgspec.structs.replace(health, slots_busy=1) if self.works_for_others else health

    async def score(self, request: ScoreRequest) -> Scored:
        self.scoring.set()
        await self.go.wait()
        if request.id in self.given_up:
            raise EngineError("cancelled", "The score was cancelled before its end.")
        return await super().score(request)

    async def cancel(self, request_id: str) -> bool:
        if request_id.startswith("again-"):
            self.given_up.append(request_id)
            self.go.set()
            return True
        return await super().cancel(request_id)


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """A scripted coordinator that listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


@pytest.fixture
async def node(tmp_path: Path, coordinator: ScriptedCoordinator) -> AsyncIterator[RunningAgent]:
    """A node that is signed in."""
    address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
    running = RunningAgent(tmp_path / "home", address, ScriptedLauncher(HeldEngine()))
    await running.start()
    async with asyncio.timeout(20):
        await coordinator.signed_in.wait()
    yield running
    await running.stop()


async def answer(node: RunningAgent, coordinator: ScriptedCoordinator, **changes: object) -> Result:
    """One more job, taken and answered."""
    profile = node.launcher.engine.profile.class_id
    ask = coordinator.assignment(node.state.node.id, **{"profile": profile, **changes})
    await coordinator.say(ask)
    [result] = await coordinator.hears(Result, lambda m: m.job == ask.job)
    await node.until(lambda s: any(job.job == ask.job and job.ended_ms for job in s.jobs))
    return result  # type: ignore[no-any-return]


async def recompute(node: RunningAgent, result: Result) -> dict[str, Check]:
    """Once the job that has just ended has left the desk, too."""
    async with asyncio.timeout(20):
        while "Jobs run now" in str((found := await ask_at_once(node, result)).get("recompute")):
            await asyncio.sleep(0.02)
    return found


async def ask_at_once(node: RunningAgent, result: Result) -> dict[str, Check]:
    answered = await node.link.command("recompute", {"job": result.job, "attempt": result.attempt})
    assert answered.ok, answered.sentence
    checks = msgspec.json.decode(answered.result, type=tuple[Check, ...])
    return {check.name: check for check in checks}


def engine_of(node: RunningAgent) -> HeldEngine:
    engine = node.launcher.engine
    assert isinstance(engine, HeldEngine)
    return engine


async def test_an_honest_answer_is_found_honest(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    result = await answer(node, coordinator)
    checks = await recompute(node, result)
    assert [checks[name].ok for name in ("evidence", "structure", "replay", "recompute")] == [True] * 4
    assert "0 of 24 positions differ, limit 0" in checks["recompute"].sentence
    assert checks["agreement"].ok is None
    assert len(engine_of(node).scores) == 1


async def test_a_wrong_rejection_is_called_one(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    result = await answer(node, coordinator)
    verdict = coordinator.verdict(result, "rejected")
    await coordinator.say(msgspec.structs.replace(verdict, mismatches=1, first_mismatch=2))
    await node.until(lambda s: s.jobs[0].state == "rejected")
    found = await recompute(node, result)
    assert found["recompute"].ok is True and found["agreement"].ok is False
    assert "finds nothing wrong" in found["agreement"].sentence


async def test_other_logits_are_counted_and_placed(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    """The model's file was changed after the answer, the network found it out, and so does the node."""
    result = await answer(node, coordinator)
    verdict = coordinator.verdict(result, "rejected")
    await coordinator.say(msgspec.structs.replace(verdict, mismatches=24, first_mismatch=0))
    await node.until(lambda s: s.jobs[0].state == "rejected")
    engine_of(node).weights = "another"
    found = await recompute(node, result)
    assert (found["replay"].ok, found["recompute"].ok, found["agreement"].ok) == (True, False, True)
    assert "24 of 24 positions differ" in found["recompute"].sentence
    assert "first is token 0" in found["recompute"].sentence


async def test_a_false_sample_is_found_by_replay(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    engine_of(node).forged_noise = True
    found = await recompute(node, await answer(node, coordinator, temperature_milli=1500))
    assert found["structure"].ok is True and found["replay"].ok is False
    assert "tokens differ, limit 0" in found["replay"].sentence


async def test_no_word_of_an_answer_leaves_the_agent(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    result = await answer(node, coordinator, prompt=(40, 41, 42, 43, 44, 45, 46))
    said = await node.link.command("recompute", {"job": result.job, "attempt": 1})
    told = bytes(said.result) + msgspec.json.encode(node.state)
    for ids in (result.token_ids, (40, 41, 42, 43, 44, 45, 46)):
        assert msgspec.json.encode(ids[:4])[1:-1] not in told


async def test_a_job_that_comes_goes_first(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    engine = engine_of(node)
    result = await answer(node, coordinator)
    engine.go.clear()
    asking = asyncio.create_task(recompute(node, result))
    await engine.scoring.wait()
    other = await answer(node, coordinator)
    found = await asking
    assert engine.given_up == [f"again-{result.job}-1"]
    assert found["recompute"].ok is None and "jobs go first" in found["recompute"].sentence
    assert len(other.token_ids) == 24
    again = await recompute(node, result)
    assert again["recompute"].ok is True


async def test_it_is_refused_while_a_job_runs(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    engine = engine_of(node)
    result = await answer(node, coordinator)
    engine.stall_after = 4
    running = coordinator.assignment(node.state.node.id)
    await coordinator.say(running)
    await coordinator.hears(Chunk, lambda m: m.job == running.job)
    found = await ask_at_once(node, result)
    assert found["replay"].ok is True and found["recompute"].ok is None
    assert "Jobs run now" in found["recompute"].sentence and engine.scores == []
    await coordinator.say(Cancel(running.job, 1, 1, ""))
    await node.until(lambda s: all(job.state != "running" for job in s.jobs))


async def test_what_the_engine_does_is_asked_when_it_matters_and_not_remembered(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    """Right after a job, what was remembered of the engine's health still called it busy."""
    engine = engine_of(node)
    result = await answer(node, coordinator)
    for busy in (True, False):
        engine.works_for_others = not busy
        await node.until(lambda s: s.engine.slots_busy == engine.works_for_others)
        engine.works_for_others = busy
        found = await recompute(node, result)
        assert found["recompute"].ok is (None if busy else True)
        assert ("busy with something else" in found["recompute"].sentence) is busy


async def test_without_an_engine_what_needs_none_is_judged(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    result = await answer(node, coordinator)
    process = node.launcher.process
    assert process is not None
    process.kill()
    await node.until(lambda s: s.engine.state != "ready")
    found = await recompute(node, result)
    assert (found["structure"].ok, found["replay"].ok, found["recompute"].ok) == (None, True, None)
    assert "not ready" in found["recompute"].sentence


async def test_a_long_recompute_is_told_while_it_runs_and_when_it_is_done(
    node: RunningAgent, coordinator: ScriptedCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.agent.recompute.PATIENCE_S", 0.01)
    engine = engine_of(node)
    result, other = await answer(node, coordinator), await answer(node, coordinator)
    engine.go.clear()
    waiting = await node.link.command("recompute", {"job": result.job, "attempt": 1})
    assert waiting.ok and "Still" in waiting.sentence
    refused = await recompute(node, other)
    assert "Another answer" in refused["recompute"].sentence
    engine.go.set()
    monkeypatch.setattr("console.agent.recompute.PATIENCE_S", 20.0)
    assert (await recompute(node, result))["recompute"].ok is True


async def test_what_was_erased_says_why(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    result = await answer(node, coordinator)
    verdict = coordinator.verdict(result)
    await coordinator.say(verdict)
    await coordinator.say(OpenRequest(result.job, 1))
    [opening] = await coordinator.hears(Opening)
    assert opening.blob == b""
    found = await recompute(node, result)
    assert found["evidence"].ok is None and "accepted" in found["evidence"].sentence
    assert "need no prompt" in found["remains"].sentence
    unknown = await node.link.command("recompute", {"job": "ff" * 16, "attempt": 1})
    assert not unknown.ok and "knows no such attempt" in unknown.sentence


async def test_another_profile_or_model_proves_nothing(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    engine = engine_of(node)
    result = await answer(node, coordinator)
    engine.profile = msgspec.structs.replace(engine.profile, device="another processor")
    await node.until(lambda s: s.engine.profile == engine.profile.class_id)
    found = await recompute(node, result)
    assert found["recompute"].ok is None and "build or processor differs" in found["recompute"].sentence


def verdict(outcome: str) -> Verdict:
    return Verdict("e", "j", 1, "n", outcome, "replay", 4, 0, -1, "", 1)  # type: ignore[arg-type]


GOOD, BAD, OPEN = Check("a", True, ""), Check("b", False, ""), Check("c", None, "")


@pytest.mark.parametrize(
    ("outcome", "checks", "agree"),
    [
        ("accepted", (GOOD, GOOD), True),
        ("accepted", (GOOD, BAD), False),
        ("rejected", (GOOD, BAD, OPEN), True),
        ("rejected", (GOOD, GOOD), False),
        ("rejected", (GOOD, OPEN), None),
        ("accepted", (GOOD, OPEN), None),
    ],
)
def test_agreement_is_claimed_only_when_there_is_one(
    outcome: str, checks: tuple[Check, ...], agree: bool | None
) -> None:
    assert agreement(verdict(outcome), checks).ok is agree
    assert agreement(None, checks).ok is None


@pytest.mark.model
async def test_real_weights_give_the_same_logits_again(
    starter_model: Path, tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    """A rejection that llama.cpp itself contradicts: every position comes out bit for bit as it was."""
    home = tmp_path / "home"
    launcher = LlamaLauncher(home, starter_model, EngineConfig(context=512, threads=1))
    address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
    running = RunningAgent(home, address, launcher, token_timeout_s=60.0)  # type: ignore[arg-type]
    await running.start()
    try:
        async with asyncio.timeout(60):
            await coordinator.signed_in.wait()
            await running.until(lambda s: s.engine.state == "ready" and bool(s.engine.profile))
        prompt = await launcher.engine.tokenize("A cooper mends a barrel with", special=False)
        profile = running.state.engine.profile
        ask = coordinator.assignment(running.state.node.id, prompt=prompt, profile=profile, max_tokens=32)
        await coordinator.say(ask)
        [result] = await coordinator.hears(Result, lambda m: m.job == ask.job)
        wrong = msgspec.structs.replace(
            coordinator.verdict(result, "rejected"), mismatches=1, first_mismatch=7
        )
        await coordinator.say(wrong)
        await running.until(lambda s: s.jobs[0].state == "rejected" and s.engine.slots_busy == 0)
        found = await recompute(running, result)
        names = ("evidence", "structure", "replay", "recompute", "agreement")
        assert [found[name].ok for name in names] == [True, True, True, True, False], found
    finally:
        await running.stop()
