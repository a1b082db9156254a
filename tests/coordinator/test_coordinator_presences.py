"""A node is told at once of what it cannot know by itself, and not again."""

from __future__ import annotations

import pytest
from coordinator_harness import Presence, Running, until
from test_coordinator_machines import twin

from console.coordinator.nodes.machines import Group
from console.coordinator.nodes.presences import NO_BEAT
from console.coordinator.store import NodeRow
from console.protocol.frames import presence_bytes
from console.protocol.keys import verify


def suspended(node: str, until_ms: int) -> NodeRow:
    return NodeRow(node, "reef", "fake", "", 1, 1, 0, until_ms, "three answers were rejected", "verdict 7")


async def test_a_suspension_is_told_before_the_next_heartbeat(run: Running) -> None:
    node = await run.node()
    registry, now_ms = run.coordinator.registry, run.coordinator.parts.clock.now_ms()
    await node.wait(Presence, listed=True)
    registry.set_suspension(suspended(node.key.node_id, now_ms + 60_000))
    registry.set_suspension(suspended(node.key.node_id, now_ms + 60_000))
    told = await node.wait(Presence, echo_ms=NO_BEAT)
    assert (told.listed, told.reason.code, told.reason.until_ms) == (False, "suspended", now_ms + 60_000)
    assert told.reason.evidence == "verdict 7"
    assert verify(run.coordinator.parts.key.node_id, presence_bytes(told), told.signature)
    await node.wait(Presence, len(node.got(Presence)) + 2)
    assert len(node.got(Presence, echo_ms=NO_BEAT)) == 1, "once"


async def test_who_gets_a_machines_place_is_told_as_it_becomes_free(run: Running) -> None:
    first = await run.node("first")
    second = await twin(run, first, "second")
    await until(lambda: (last := second.got(Presence)[-1].reason) is not None and last.evidence == "machine")
    session = run.coordinator.registry.session(first.key.node_id)
    assert session is not None
    run.coordinator.registry.leave(session)
    told = await second.wait(Presence, echo_ms=NO_BEAT)
    assert told.reason is None or told.reason.evidence != "machine"


async def test_nodes_that_count_as_one_from_now_on_are_told(run: Running) -> None:
    nodes = [await run.node(name) for name in ("first", "second")]
    for node in nodes:
        await node.wait(Presence, listed=True)
    ids = tuple(node.key.node_id for node in nodes)
    now_ms = run.coordinator.parts.clock.now_ms()
    run.coordinator.registry.found(Group(ids, now_ms + 60_000, "They were slow together."))
    told = await nodes[1].wait(Presence, echo_ms=NO_BEAT)
    assert told.reason.evidence == "one_machine"
    assert not nodes[0].got(Presence, echo_ms=NO_BEAT), "it is the one that stays"


@pytest.mark.parametrize("listed", [True, False])
async def test_a_node_that_is_told_what_it_knows_is_told_nothing(run: Running, listed: bool) -> None:
    node = await run.node()
    node.ready = listed
    await node.wait(Presence, 2, listed=listed)
    run.coordinator.registry.on_news([node.key.node_id] * 3)
    await node.wait(Presence, len(node.got(Presence)) + 2)
    assert not node.got(Presence, echo_ms=NO_BEAT)
