"""The whole loop with nodes that come over NATS: the same facts, and what breaks there alone."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from coordinator_harness import FakeNode, Receipt, Verdict, running, until

from console.network.port import LinkError
from console.network.websocket import dial_websocket
from console.protocol.messages import Refused, Welcome
from console.protocol.types import Assignment


async def test_an_answer_is_drawn_checked_and_paid(tmp_path: Path) -> None:
    async with running(tmp_path, over_nats=True) as run:
        node = await run.node()
        response = await run.chat(temperature=0.7)
        assert response.status_code == 200, response.text
        assert (await node.wait(Verdict)).mode == "recompute_exact"
        receipt = await node.wait(Receipt)
        found = await run.settled(1)
    assert found.ledger.paid == receipt.reward > 0


async def test_a_cheat_is_rejected(tmp_path: Path) -> None:
    async with running(tmp_path, over_nats=True) as run:
        rogue = await run.node("rogue", weights="cheaper")
        assert (await run.chat()).status_code == 502
        assert (await rogue.wait(Verdict)).outcome == "rejected"
        assert (await run.settled(1)).jobs.rejected == 1


async def test_a_second_machine_with_the_same_key_is_named(tmp_path: Path) -> None:
    async with running(tmp_path, over_nats=True) as run:
        node = await run.node()
        twin = FakeNode(run, "twin", key=node.key)
        refused = await twin.connect()
        assert isinstance(refused, Refused)
        assert refused.code == "duplicate_identity"
        assert (await run.chat()).status_code == 200
        await twin.drop()


async def test_a_node_comes_back_by_another_line_and_its_job_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path, over_nats=True) as run:
        node = await run.node(manual=True)
        asked = asyncio.create_task(run.chat())
        given: Assignment = await node.wait(Assignment)
        assert run.nats is not None
        run.nats.kill()
        run.nats.start()
        await _back(node)
        node.manual = False
        await node.work(given)
        assert (await asked).status_code == 200
        found = await run.settled(1)
    assert (found.jobs.accepted, found.jobs.paid_twice) == (1, 0)


async def test_servers_that_stay_away_end_in_an_answer_for_the_client(tmp_path: Path) -> None:
    async with running(tmp_path, over_nats=True) as run:
        node = await run.node(manual=True)
        asked = asyncio.create_task(run.chat())
        await node.wait(Assignment)
        assert run.nats is not None
        run.nats.kill()
        response = await asked
        assert response.status_code in (502, 503)
        found = await run.settled(1)
    assert (found.jobs.failed, found.ledger.paid) == (1, 0)


async def test_nodes_may_come_either_way_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, over_nats=True) as run:
        over_nats = await run.node("far")
        other = FakeNode(run, "near")
        other._dial, other._run = dial_websocket, _Web(run.ws)  # type: ignore[assignment]
        run.nodes.append(other)
        await other.connect()
        await until(lambda: len(run.coordinator.registry.roster(0)) == 2)
        for _ in range(8):
            assert (await run.chat(max_tokens=2)).status_code == 200
        found = await run.settled(8)
        assert {one.id for one in found.nodes} == {over_nats.key.node_id, other.key.node_id}


class _Web:
    def __init__(self, address: str) -> None:
        self.address = address


async def _back(node: FakeNode) -> Welcome:
    """Dials until it is signed in again, as a dialler does."""
    await node.drop()
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(LinkError, TimeoutError):
                answer = await node.connect()
                if isinstance(answer, Welcome):
                    return answer
            await asyncio.sleep(0.2)
