"""Nobody is penalised on one verifier's word."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest
from coordinator_harness import CONFIG, POLICY, FakeNode, Running, Second, Verdict, running, until
from doubles.engine_double import PROFILE, ScriptedEngine

from console.coordinator.audits.second import SecondVerifier, Started
from console.engine.port import EngineError, ScoreRequest

SCORE = ScoreRequest("s", (5, 6), (7,))


async def judged(run: Running, node: FakeNode) -> Verdict:
    await run.chat()
    verdict = await node.wait(Verdict)
    await run.settled(1)
    assert isinstance(verdict, Verdict)
    return verdict


async def test_the_second_verifier_costs_nothing_before_the_first_suspicion(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        verdict = await judged(run, await run.node())
        assert (verdict.outcome, verdict.mode) == ("accepted", "recompute_exact")
        assert run.second.starts == 0


async def test_a_mismatch_that_the_second_verifier_confirms_is_penalised(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        verdict = await judged(run, await run.node(weights="cheaper"))
        assert (verdict.outcome, run.second.starts) == ("rejected", 1)
        assert run.report().audits.confirmed == 1
    assert run.second.stops == 1, "it ends with the coordinator"


async def test_two_verifiers_that_disagree_penalise_nobody_and_are_on_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The reference is broken; the node and the second verifier are sound."""
    async with running(tmp_path, engine=ScriptedEngine("broken")) as run:
        node = await run.node()
        verdict = await judged(run, node)
        found = run.report()
        async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
            health = (await http.get("/healthz")).json()
    assert health["verifiers"] == {"confirmed": 0, "disagreed": 1, "unavailable": 0}
    assert (verdict.outcome, verdict.mode, verdict.mismatches) == ("accepted", "recompute_exact", 0)
    assert "counts against nobody" in verdict.sentence
    assert (found.audits.disagreements, found.ledger.penalised, found.jobs.accepted) == (1, 0, 1)
    assert "the two verifiers disagree" in caplog.text


async def test_two_verifiers_that_find_different_mismatches_penalise_nobody(tmp_path: Path) -> None:
    """Both say no, for different reasons: at least one of them is wrong, and nobody knows which."""
    async with running(tmp_path, engine=ScriptedEngine("broken"), second=Second("broken too")) as run:
        verdict = await judged(run, await run.node())
        found = run.report()
    assert (verdict.outcome, found.audits.disagreements, found.ledger.penalised) == ("accepted", 1, 0)


@pytest.mark.parametrize("allowed", [True, False])
async def test_without_a_second_verifier_the_verdict_rests_on_replay_and_probation_begins_anew(
    tmp_path: Path, allowed: bool
) -> None:
    verifiers = msgspec.structs.replace(CONFIG.verifiers, second=allowed)
    policy = msgspec.structs.replace(POLICY, probation_answers=2)
    config = msgspec.structs.replace(CONFIG, verifiers=verifiers, policy=policy)
    async with running(tmp_path, config, second=Second(fails=True)) as run:
        node = await run.node(weights="cheaper")
        verdict = await judged(run, node)
        assert (verdict.outcome, verdict.mode) == ("accepted", "replay")
        assert "on probation anew" in verdict.sentence
        row = await run.coordinator.parts.store.transact(lambda unit: unit.node(node.key.node_id))
        assert row is not None and row.probation_from_ms > verdict.at_ms
        assert (run.report().audits.unconfirmed, run.report().ledger.penalised) == (1, 0)
        assert run.second.starts == (3 if allowed else 0)


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_ms(self) -> int:
        return 0

    def tick_s(self) -> float:
        return self.s


async def test_it_ends_when_it_idles_and_is_started_again() -> None:
    clock, double = Clock(), Second()
    second = SecondVerifier(double.start, clock, 10.0)
    await second.score(PROFILE.class_id, SCORE)
    clock.s = 9.9
    await second.rest()
    assert second.running
    clock.s = 10.0
    await second.rest()
    assert (second.running, double.stops) == (False, 1)
    await second.score(PROFILE.class_id, SCORE)
    assert double.starts == 2
    await second.close()
    await second.close()
    assert double.stops == 2


async def test_it_is_not_ended_while_it_confirms() -> None:
    clock, double = Clock(), Second()
    waiting, go = asyncio.Event(), asyncio.Event()

    class Slow(ScriptedEngine):
        async def score(self, request: ScoreRequest):  # type: ignore[no-untyped-def]
            waiting.set()
            await go.wait()
            return await super().score(request)

    double.engine = Slow()
    second = SecondVerifier(double.start, clock, 10.0)
    scoring = asyncio.create_task(second.score(PROFILE.class_id, SCORE))
    await waiting.wait()
    clock.s = 1000.0
    await second.rest()
    assert second.running
    go.set()
    await scoring
    await second.rest()
    assert second.running, "it has only now become idle"


async def test_one_of_another_class_confirms_nothing() -> None:
    second = SecondVerifier(Second().start, Clock(), 10.0)
    with pytest.raises(EngineError, match="another class"):
        await second.score("f" * 64, SCORE)


async def test_one_that_dies_is_started_anew() -> None:
    double = Second()
    second = SecondVerifier(double.start, Clock(), 10.0)
    await second.score(PROFILE.class_id, SCORE)
    double.engine.gone = True
    with pytest.raises(EngineError):
        await second.score(PROFILE.class_id, SCORE)
    double.engine.gone = False
    await second.score(PROFILE.class_id, SCORE)
    assert (double.starts, double.stops) == (2, 1)


async def test_many_suspicions_at_once_start_it_once() -> None:
    double, hold = Second(), asyncio.Event()

    async def slow() -> Started:
        await hold.wait()
        return await double.start()

    second = SecondVerifier(slow, Clock(), 10.0)
    scoring = [asyncio.create_task(second.score(PROFILE.class_id, SCORE)) for _ in range(5)]
    await until(lambda: second._using == 5)
    hold.set()
    await asyncio.gather(*scoring)
    assert double.starts == 1
