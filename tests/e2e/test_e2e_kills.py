"""kill -9 of each process in mid-job: nothing is lost, nothing paid twice, and the operator is told."""

from __future__ import annotations

import json

import pytest

from e2e.conftest import MakeNet
from e2e.harness import Net, alive, kill9

pytestmark = [pytest.mark.e2e, pytest.mark.model]

LONG = "Tell me a very long story about a ship that crosses an ocean, with every island that it passes."


async def money_is_whole(net: Net) -> bool:
    """The ledger sums to zero, holds nothing, and paid each accepted job exactly once."""
    open_jobs = net.query(
        "SELECT COUNT(*) FROM jobs WHERE state NOT IN ('SETTLED', 'PENALISED', 'CANCELLED', 'FAILED')"
    )[0][0]
    if open_jobs:
        return False
    assert net.ledger_sum() == 0
    escrow = net.query("SELECT COALESCE(SUM(amount), 0) FROM balances WHERE account LIKE 'escrow:%'")
    assert escrow == [(0,)]
    settled = {row[0] for row in net.query("SELECT id FROM jobs WHERE state = 'SETTLED'")}
    paid = [row[0][4:] for row in net.query("SELECT id FROM transactions WHERE id LIKE 'pay:%'")]
    refunded = [row[0][7:] for row in net.query("SELECT id FROM transactions WHERE id LIKE 'refund:%'")]
    assert sorted(paid) == sorted(settled)
    assert not set(paid) & set(refunded)
    return True


async def first_tokens(lines: object, count: int = 3) -> None:
    seen = 0
    async for line in lines:  # type: ignore[attr-defined]
        if line.startswith("data:") and "content" in line:
            seen += 1
            if seen >= count:
                return


async def rest_of(lines: object) -> tuple[str, bool]:
    """What a stream's end said: its error's sentence, and whether it ended in an answer."""
    error, finished = "", False
    async for line in lines:  # type: ignore[attr-defined]
        if not line.startswith("data:") or line == "data: [DONE]":
            continue
        body = json.loads(line[5:])
        error = body.get("error", {}).get("message", error)
        finished = finished or any(c.get("finish_reason") for c in body.get("choices", []))
    return error, finished


async def test_the_engine_is_killed_in_mid_job(network: MakeNet) -> None:
    async with network(nodes=1) as net:
        you = net.plan.yours
        async with net.streaming(LONG) as lines:
            await first_tokens(lines)
            before = net.node(you)
            assert before is not None
            kill9(before.engine.pid)
            error, finished = await rest_of(lines)
        assert error, "a client that has seen tokens gets a clear error"
        assert not finished
        assert "charged" in error.lower()
        assert net.query("SELECT COUNT(*) FROM transactions WHERE id LIKE 'refund:%'") == [(1,)]

        async def engine_is_back() -> bool:
            now = net.node(you)
            return now is not None and now.engine.state == "ready" and now.engine.pid != before.engine.pid

        await net.until(engine_is_back)
        after = net.node(you)
        assert after is not None
        assert after.engine.restarts >= 1
        assert any("kill" in note.text.lower() for note in after.notes), [n.text for n in after.notes]
        await net.until(net.served)
        assert (await net.chat("Name a colour.")).status_code == 200
        await net.until(lambda: money_is_whole(net))


async def test_another_node_answers_when_an_engine_dies_before_the_first_token(network: MakeNet) -> None:
    async with network(nodes=2) as net:
        first = net.node(net.plan.cast[0])
        assert first is not None
        kill9(first.engine.pid)
        replies = [await net.chat(f"Count to {n}.") for n in range(3, 7)]
        assert [r.status_code for r in replies] == [200] * 4, [r.text for r in replies]
        await net.until(lambda: money_is_whole(net))


async def test_the_agent_is_killed_in_mid_job(network: MakeNet) -> None:
    async with network(nodes=1) as net:
        you = net.plan.yours
        reply = await net.chat("Name three birds.")
        assert reply.status_code == 200
        net.allowed_gone = frozenset({you.name})
        before = net.node(you)
        assert before is not None
        async with net.streaming(LONG) as lines:
            await first_tokens(lines)
            await net.kill(you.name)
            error, _ = await rest_of(lines)
        assert error
        await net.start_node(you)
        await net.until(net.served)
        net.allowed_gone = frozenset()
        assert not alive(before.engine.pid), "the engine of a dead agent does not stay behind"
        assert (await net.chat("Name three trees.")).status_code == 200
        await net.until(lambda: money_is_whole(net))
        after = net.node(you)
        assert after is not None
        assert after.node.id == before.node.id
        assert after.money.total_accepted >= before.money.total_accepted
        earned = net.query(
            "SELECT COALESCE(SUM(amount), 0) FROM postings "
            "WHERE account LIKE ? AND \"transaction\" LIKE 'pay:%'",
            f"node:{after.node.id}:%",
        )[0][0]

        async def reconciled() -> bool:
            state = net.node(you)
            return state is not None and state.money.total_earned == earned

        await net.until(reconciled)


async def test_the_coordinator_is_killed_in_mid_job(network: MakeNet) -> None:
    async with network(nodes=2) as net:
        assert (await net.chat("Name two rivers.")).status_code == 200
        net.allowed_gone = frozenset({"coordinator"})
        with pytest.raises(Exception):  # noqa: B017 - any transport error will do
            async with net.streaming(LONG) as lines:
                await first_tokens(lines)
                await net.kill("coordinator")
                error, _ = await rest_of(lines)
                assert not error
                raise ConnectionError("the stream ended without an answer")

        async def told() -> bool:
            states = [net.node(cast) for cast in net.plan.cast]
            return all(s is not None and s.reason.code == "coordinator_down" for s in states)

        await net.until(told)
        await net.start_coordinator()
        net.allowed_gone = frozenset()
        await net.until(net.served)
        assert (await net.chat("Name two lakes.")).status_code == 200
        await net.until(lambda: money_is_whole(net))
