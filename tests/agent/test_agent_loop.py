"""The node's loop against a scripted coordinator: taken, journalled, sent, judged, paid; what goes wrong."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from doubles.agent_doubles import GROUP, RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.agent.trouble import AgentError
from console.control.wire import JobDetail
from console.protocol.frames import result_bytes, ticket_bytes
from console.protocol.keys import verify
from console.protocol.messages import (
    Ack,
    Cancel,
    Chunk,
    Decline,
    Failed,
    Goodbye,
    Heartbeat,
    Opening,
    OpenRequest,
    ResultAnswered,
)
from console.protocol.types import Result
from console.verification.commitment import commitment


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """A scripted coordinator that listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


def address(coordinator: ScriptedCoordinator) -> str:
    return f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"


@pytest.fixture
async def node(tmp_path: Path, coordinator: ScriptedCoordinator) -> AsyncIterator[RunningAgent]:
    """A node that is signed in."""
    engine = ScriptedEngine(end_bias=-50.0)
    running = RunningAgent(tmp_path / "home", address(coordinator), ScriptedLauncher(engine))
    await running.start()
    async with asyncio.timeout(20):
        await coordinator.signed_in.wait()
    yield running
    await running.stop()


def node_id(running: RunningAgent):  # type: ignore[no-untyped-def]
    return running.state.node.id


async def test_a_job_is_answered_judged_and_paid(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    job = coordinator.assignment(node_id(node))
    await coordinator.say(job)
    [result] = await coordinator.hears(Result)
    [ack] = await coordinator.hears(Ack)
    assert (ack.job, ack.fence) == (job.job, job.fence)
    assert verify(result.node, result_bytes(result), result.signature)
    assert len(result.token_ids) == job.max_tokens
    chunks = [m for m in coordinator.heard if isinstance(m, Chunk)]
    streamed = [t for c in chunks for t in c.token_ids]
    assert tuple(streamed) == result.token_ids
    starts = [c.start for c in chunks]
    assert starts == [sum(len(c.token_ids) for c in chunks[:i]) for i in range(len(chunks))]

    await coordinator.say(OpenRequest(job.job, 1))
    [opening] = await coordinator.hears(Opening)
    assert commitment(opening.blob) == result.commitment

    await coordinator.say(ResultAnswered(job.job, 1, 1, "taken", "Taken."))
    verdict = coordinator.verdict(result)
    await coordinator.say(verdict)
    receipt = coordinator.receipt(result, verdict)
    await coordinator.say(receipt)
    state = await node.until(lambda s: bool(s.jobs) and s.jobs[0].settled)
    assert state.jobs[0].state == "accepted"
    assert state.jobs[0].reward == receipt.reward
    assert state.money.today_earned == receipt.reward
    assert state.money.balances.pending == receipt.reward
    assert state.verdicts[0].job == job.job
    await node.until(lambda s: s.reason.code == "earning")

    answer = await node.link.command("job", {"job": job.job, "attempt": 1})
    detail = msgspec.json.decode(answer.result, type=JobDetail)
    assert [c.name for c in detail.checks if c.ok is False] == []
    assert {c.name for c in detail.checks if c.ok} >= {
        "draw: ticket",
        "draw: pick",
        "receipt: signature",
        "ledger: sum",
        "ledger: reward",
        "verdict: receipt",
    }


async def test_a_receipt_twice_is_booked_once(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    await coordinator.say(coordinator.assignment(node_id(node)))
    [result] = await coordinator.hears(Result)
    receipt = coordinator.receipt(result, coordinator.verdict(result))
    forged = msgspec.structs.replace(receipt, reward=receipt.reward * 2)
    for message in (forged, receipt, receipt, OpenRequest(result.job, 1)):
        await coordinator.say(message)
    await coordinator.hears(Opening)
    assert node.state.money.today_earned == receipt.reward
    assert node.state.money.today_accepted == 1
    assert any("signature is not the coordinator's" in n.text for n in node.state.notes)


async def test_a_result_is_sent_again_until_it_is_answered(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    job = coordinator.assignment(node_id(node))
    await coordinator.say(job)
    await coordinator.hears(Result)
    await coordinator.cut()
    assert len(set(await coordinator.hears(Result, count=2, each=True))) == 1
    await coordinator.say(ResultAnswered(job.job, 1, 1, "taken", "Taken."))
    await node.until(lambda s: s.jobs[0].state == "answered")
    await coordinator.cut()
    await coordinator.signed_in.wait()
    sent = len(await coordinator.hears(Result, each=True))
    beats = len([m for m in coordinator.heard if isinstance(m, Heartbeat)])
    await coordinator.hears(Heartbeat, count=beats + 1)
    assert len(await coordinator.hears(Result, each=True)) == sent
    assert len(rows(node.home, "SELECT * FROM results")) == 1


async def test_an_engine_that_dies_in_mid_job_fails_the_job_and_comes_back(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    node.launcher.engine.stall_after = 4
    job = coordinator.assignment(node_id(node))
    await coordinator.say(job)
    await coordinator.hears(Chunk)
    assert node.launcher.process is not None
    node.launcher.process.kill()
    [failed] = await coordinator.hears(Failed)
    assert (failed.job, failed.fault, failed.code) == (job.job, "node", "engine_crashed")
    state = await node.until(lambda s: s.reason.code == "engine_down")
    assert "killed" in state.engine.sentence
    node.launcher.engine.stall_after = None
    state = await node.until(lambda s: s.engine.state == "ready")
    assert state.engine.restarts == 1
    await coordinator.say(coordinator.assignment(node_id(node)))
    await coordinator.hears(Result)


async def test_an_agent_that_dies_in_mid_job_says_so_after_its_restart(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    first = RunningAgent(tmp_path / "home", address(coordinator), ScriptedLauncher(ScriptedEngine()))
    first.launcher.engine.end_bias = -50.0
    await first.start()
    await coordinator.signed_in.wait()
    done = coordinator.assignment(node_id(first))
    await coordinator.say(done)
    [result] = await coordinator.hears(Result)
    first.launcher.engine.stall_after = 2
    half = coordinator.assignment(node_id(first))
    await coordinator.say(half)
    await coordinator.hears(Chunk, lambda c: c.job == half.job)
    coordinator.signed_in.clear()
    await first.crash()
    sent = len(await coordinator.hears(Result, each=True))

    second = RunningAgent(tmp_path / "home", address(coordinator), ScriptedLauncher(ScriptedEngine()))
    await second.start()
    try:
        [failed] = await coordinator.hears(Failed)
        assert (failed.job, failed.code) == (half.job, "agent_restarted")
        assert set(await coordinator.hears(Result, count=sent + 1, each=True)) == {result}
        await coordinator.say(OpenRequest(done.job, 1))
        [opening] = await coordinator.hears(Opening)
        assert commitment(opening.blob) == result.commitment
    finally:
        await second.stop()


async def test_what_is_declined_says_why(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    me = node_id(node)
    wrong = coordinator.assignment(me)
    wrong = msgspec.structs.replace(wrong, draw=msgspec.structs.replace(wrong.draw, seed="00" * 32))
    long = coordinator.assignment(me, max_tokens=4000)
    other = coordinator.assignment(me, group=type(GROUP)("ab" * 32))
    for job in (wrong, long, other):
        await coordinator.say(job)
    declined = await coordinator.hears(Decline, count=3)
    assert [d.code for d in declined] == ["draw_wrong", "context_exceeded", "unknown_group"]
    assert node.launcher.engine.requests == []
    assert "4003 tokens of context; this node has 2048" in declined[1].sentence


@pytest.mark.parametrize("size", [2**32 + 1, 2**65, 10**400])
async def test_a_signed_ticket_over_a_roster_without_end_is_declined(
    node: RunningAgent, coordinator: ScriptedCoordinator, size: int
) -> None:
    """No place among so many can be drawn with 64 bits: whoever tried would try for ever."""
    good = coordinator.assignment(node_id(node))
    ticket = msgspec.structs.replace(good.draw.ticket, roster_size=size)
    signature = coordinator.key.sign(ticket_bytes(ticket))
    draw = msgspec.structs.replace(good.draw, ticket=ticket, ticket_signature=signature)
    await coordinator.say(msgspec.structs.replace(good, draw=draw))
    [declined] = await coordinator.hears(Decline)
    assert (declined.job, declined.code) == (good.job, "draw_wrong")
    assert "more than 4,294,967,296 nodes" in declined.sentence
    await coordinator.say(good := coordinator.assignment(node_id(node)))
    await coordinator.hears(Result, lambda m: m.job == good.job)


async def test_a_cancelled_job_stops_and_the_next_one_runs(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    node.launcher.engine.stall_after = 2
    first, second = coordinator.assignment(node_id(node)), coordinator.assignment(node_id(node))
    await coordinator.say(first)
    await coordinator.hears(Chunk)
    await coordinator.say(second)
    await coordinator.hears(Ack, count=2)
    node.launcher.engine.stall_after = None
    node.launcher.engine.pace_s = 0.0
    await coordinator.say(Cancel(first.job, 1, 1, "The client left."))
    await coordinator.hears(Result, lambda r: r.job == second.job)
    states = {j.job: j.state for j in node.state.jobs}
    assert states[first.job] in ("cancelled", "result")


async def test_pause_is_told_at_the_next_beat_and_survives_a_restart(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    first = RunningAgent(tmp_path / "home", address(coordinator))
    await first.start()
    await coordinator.hears(Heartbeat, lambda b: b.ready)
    answer = await first.link.command("pause", {"by": "ada"})
    assert answer.ok
    await coordinator.hears(Heartbeat, lambda b: not b.ready and b.reason == "paused")
    await first.crash()
    second = RunningAgent(tmp_path / "home", address(coordinator))
    await second.start()
    try:
        state = await second.until(lambda s: s.reason.code == "paused")
        assert state.switches.by == "ada"
        coordinator.signed_in.clear()
        assert (await second.link.command("resume")).ok
        await second.until(lambda s: s.reason.code in ("no_demand", "model_loading", "coordinator_down"))
    finally:
        await second.stop()


async def test_draining_finishes_what_was_taken_and_takes_no_more(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    node.launcher.engine.stall_after = 2
    job = coordinator.assignment(node_id(node))
    await coordinator.say(job)
    await coordinator.hears(Chunk)
    assert (await node.link.command("drain")).ok
    await coordinator.say(coordinator.assignment(node_id(node)))
    [declined] = await coordinator.hears(Decline)
    assert declined.code == "draining"
    node.launcher.engine.stall_after = None
    [result] = await coordinator.hears(Result)
    assert result.job == job.job
    await node.until(lambda s: s.reason.code == "draining" and "finished" in s.reason.sentence)


async def test_a_second_agent_is_refused(node: RunningAgent, coordinator: ScriptedCoordinator) -> None:
    second = RunningAgent(node.home, address(coordinator))
    with pytest.raises(AgentError, match="runs already"):
        await second.start()
    assert (await node.link.command("status")).ok


async def test_a_graceful_stop_gives_back_and_says_goodbye(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    running = RunningAgent(tmp_path / "home", address(coordinator))
    running.launcher.engine.end_bias = -50.0
    running.launcher.engine.stall_after = 1
    await running.start()
    await coordinator.signed_in.wait()
    await coordinator.say(coordinator.assignment(node_id(running)))
    await coordinator.hears(Chunk)
    answer = await running.link.command("stop")
    assert "1 unfinished" in answer.sentence
    await running.stop()
    [failed] = await coordinator.hears(Failed)
    assert failed.fault == "nobody"
    await coordinator.hears(Goodbye)
    assert running.launcher.engine.gone
    assert not (running.home / "agent.sock").exists()


async def test_the_journal_holds_neither_prompt_nor_answer(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    prompt = (111, 112, 113, 114, 115, 116, 117, 118)
    await coordinator.say(coordinator.assignment(node_id(node), prompt, max_tokens=40))
    [result] = await coordinator.hears(Result)
    data = b"".join(p.read_bytes() for p in node.home.iterdir() if p.is_file())
    assert result.job.encode() in data
    for ids in (prompt, result.token_ids[:8]):
        for spelled in spellings(ids):
            assert spelled not in data


async def test_malformed_and_oversized_frames_end_the_connection_only(
    node: RunningAgent, coordinator: ScriptedCoordinator
) -> None:
    for hostile in ("{", '{"session":"x"}', "[" * 100_000, "a" * (3 << 20)):
        sockets = coordinator.sockets
        coordinator.signed_in.clear()
        await coordinator.say_raw(hostile)
        await node.until(lambda s: s.network.state == "connecting")
        async with asyncio.timeout(20):
            await coordinator.signed_in.wait()
        assert coordinator.sockets > sockets
    texts = " ".join(n.text for n in node.state.notes)
    assert "cannot be accepted" in texts
    await coordinator.say(coordinator.assignment(node_id(node)))
    await coordinator.hears(Result)


def spellings(ids: tuple[int, ...]) -> list[bytes]:
    """How token ids could stand in a file in the clear."""
    return [
        ",".join(map(str, ids)).encode(),
        ", ".join(map(str, ids)).encode(),
        b"".join(i.to_bytes(4, "big") for i in ids),
        b"".join(i.to_bytes(4, "little") for i in ids),
        msgspec.msgpack.encode(ids)[1:],
    ]


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    """What the journal's file holds."""
    with sqlite3.connect(home / "journal.db") as connection:
        return connection.execute(query).fetchall()
