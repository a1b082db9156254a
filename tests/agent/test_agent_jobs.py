"""Several jobs at once: in order of arrival, up to the slots, each failing, ending and stalling by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.control.state import JobView, NodeState
from console.protocol.messages import Ack, Cancel, Chunk, Decline, Failed, Heartbeat
from console.protocol.types import Assignment, Result

ENDLESS = 4000


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """Listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


class Bench:
    """An agent over an engine of several slots, and the coordinator that gives it jobs."""

    def __init__(
        self, home: Path, coordinator: ScriptedCoordinator, slots: int, timeout_s: float = 5.0
    ) -> None:
        self.engine = ScriptedEngine(end_bias=-50.0, context=ENDLESS + 100, slots=slots)
        self.launcher = ScriptedLauncher(self.engine)
        self.coordinator = coordinator
        address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
        self.node = RunningAgent(home, address, self.launcher, token_timeout_s=timeout_s)

    async def __aenter__(self) -> Bench:
        await self.node.start()
        await self.coordinator.signed_in.wait()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.engine.pace_s = 0.0
        await self.node.stop()

    async def give(self, count: int, **changes: object) -> list[Assignment]:
        """`count` jobs, one after the other."""
        jobs = [self.coordinator.assignment(self.node.state.node.id, **changes) for _ in range(count)]
        for job in jobs:
            await self.coordinator.say(job)
        return jobs

    async def running(self, count: int) -> NodeState:
        """Once `count` jobs run."""
        return await self.node.until(lambda s: len(live(s, "running")) == count)


def live(state: NodeState, kind: str) -> list[JobView]:
    return [job for job in state.jobs if job.state == kind]


async def test_jobs_run_side_by_side_up_to_the_slots_and_start_in_order_of_arrival(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    async with Bench(tmp_path / "home", coordinator, slots=3) as bench:
        bench.engine.pace_s = 0.005
        jobs = await bench.give(8)
        state = await bench.running(3)
        assert [job.job for job in live(state, "running")] == [job.job for job in jobs[:3]][::-1]
        await bench.node.until(lambda s: s.engine.queued == len(live(s, "queued")))
        await coordinator.hears(Result, count=8)
        assert [r.id.split("-")[0] for r in bench.engine.requests] == [job.job for job in jobs]
        assert bench.engine.most_busy == 3


async def test_only_as_many_as_help_run_at_once(tmp_path: Path, coordinator: ScriptedCoordinator) -> None:
    from console.agent.supervision.ports import Proof

    bench = Bench(tmp_path / "home", coordinator, slots=8)
    bench.launcher.proof = Proof(50_000, 5, slots=2, slots_because="2 at once gave most")
    async with bench:
        bench.engine.pace_s = 0.002
        await bench.give(6)
        await coordinator.hears(Result, count=6)
        assert bench.engine.most_busy == 2


async def test_the_queue_limit_counts_what_runs_and_what_waits(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    async with Bench(tmp_path / "home", coordinator, slots=3) as bench:
        bench.engine.stall_after = 1
        jobs = await bench.give(9)
        [declined] = await coordinator.hears(Decline)
        assert (declined.job, declined.code) == (jobs[8].job, "queue_full")
        assert "8 jobs wait or run" in declined.sentence
        await coordinator.hears(Heartbeat, lambda beat: beat.queue == 8)
        await bench.node.until(lambda s: (s.engine.slots_busy, len(live(s, "queued"))) == (3, 5))
        bench.engine.stall_after = None
        await coordinator.hears(Result, count=8)


async def test_a_cancel_ends_one_job_and_its_slot_goes_to_the_next(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    async with Bench(tmp_path / "home", coordinator, slots=2) as bench:
        bench.engine.pace_s = 0.002
        jobs = await bench.give(3, max_tokens=ENDLESS)
        await bench.running(2)
        await coordinator.say(Cancel(jobs[0].job, 1, 1, "no longer wanted"))
        state = await bench.node.until(
            lambda s: {job.job for job in live(s, "running")} == {jobs[1].job, jobs[2].job}
        )
        [gone] = live(state, "cancelled")
        assert gone.job == jobs[0].job
        await coordinator.say(Cancel(jobs[2].job, 1, 1, "no longer wanted"))
        await coordinator.say(Cancel(jobs[1].job, 1, 1, "no longer wanted"))
        await bench.node.until(lambda s: len(live(s, "cancelled")) == 3 and s.engine.slots_busy == 0)
        assert not [m for m in coordinator.heard if isinstance(m, Failed)]


async def test_a_lost_engine_fails_all_that_ran_and_what_waited_runs_on_the_next(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    async with Bench(tmp_path / "home", coordinator, slots=2) as bench:
        bench.engine.stall_after = 2
        jobs = await bench.give(3)
        await coordinator.hears(Ack, count=3)
        await coordinator.hears(Chunk, lambda m: m.job == jobs[0].job)
        await coordinator.hears(Chunk, lambda m: m.job == jobs[1].job)
        assert bench.launcher.process is not None
        bench.engine.stall_after = None
        bench.launcher.process.kill()
        failed = await coordinator.hears(Failed, count=2)
        assert {(m.job, m.code) for m in failed} == {(job.job, "engine_crashed") for job in jobs[:2]}
        [result] = await coordinator.hears(Result)
        assert result.job == jobs[2].job


async def test_a_job_that_stalls_by_itself_fails_alone(
    tmp_path: Path, coordinator: ScriptedCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.agent.supervision.supervisor.POLL_S", 0.05)
    async with Bench(tmp_path / "home", coordinator, slots=2, timeout_s=0.1) as bench:
        bench.engine.pace_s = 0.002
        [stuck] = [coordinator.assignment(bench.node.state.node.id)]
        bench.engine.stalled.add(f"{stuck.job}-1")
        await coordinator.say(stuck)
        [other] = await bench.give(1, max_tokens=ENDLESS)
        [failed] = await coordinator.hears(Failed)
        assert (failed.job, failed.code) == (stuck.job, "stalled")
        state = bench.node.state
        assert [job.job for job in live(state, "running")] == [other.job]
        assert bench.launcher.launches == 1


async def test_a_lease_that_runs_out_ends_its_own_job_only(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    async with Bench(tmp_path / "home", coordinator, slots=2) as bench:
        bench.engine.pace_s = 0.002
        [other] = await bench.give(1, max_tokens=ENDLESS)
        short = coordinator.assignment(bench.node.state.node.id, lease_s=1)
        bench.engine.stalled.add(f"{short.job}-1")
        await coordinator.say(short)
        [failed] = await coordinator.hears(Failed)
        assert (failed.job, failed.code) == (short.job, "lease_expired")
        assert [job.job for job in live(bench.node.state, "running")] == [other.job]


async def test_draining_finishes_all_that_was_taken(tmp_path: Path, coordinator: ScriptedCoordinator) -> None:
    async with Bench(tmp_path / "home", coordinator, slots=2) as bench:
        bench.engine.stall_after = 1
        await bench.give(4)
        await coordinator.hears(Ack, count=4)
        assert (await bench.node.link.command("drain")).ok
        await coordinator.say(coordinator.assignment(bench.node.state.node.id))
        [declined] = await coordinator.hears(Decline)
        assert declined.code == "draining"
        assert "4 to finish" in bench.node.state.reason.sentence
        bench.engine.stall_after = None
        await coordinator.hears(Result, count=4)
        await bench.node.until(lambda s: "Everything is finished" in s.reason.sentence)


async def test_stopping_gives_back_what_runs_and_what_waits(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    bench = Bench(tmp_path / "home", coordinator, slots=3)
    async with bench:
        bench.engine.stall_after = 1
        jobs = await bench.give(5)
        await bench.running(3)
        await coordinator.hears(Ack, count=5)
        async with asyncio.timeout(10):
            await bench.node.stop()
        failed = await coordinator.hears(Failed, count=5)
        assert {(m.job, m.code, m.fault) for m in failed} == {
            (j.job, "agent_stopped", "nobody") for j in jobs
        }
        await bench.node.start()
