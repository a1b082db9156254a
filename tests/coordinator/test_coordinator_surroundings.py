"""What a presence receipt tells of the network around a node, and how old and new peers understand it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from coordinator_harness import CONFIG, GROUP, MODEL, POLICY, Presence, Verdict, running, until
from hypothesis import given
from hypothesis import strategies as st

from console.coordinator.nodes.census import Census
from console.coordinator.store import StoreError
from console.protocol.frames import presence_bytes
from console.protocol.keys import SigningKey, verify
from console.protocol.messages import GROUPS_LIMIT, FromCoordinator, GroupNow


def group(name: str, nodes: int) -> GroupNow:
    return GroupNow(GROUP, name, nodes, nodes, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=40))
def test_a_census_is_taken_once_per_slot_and_counts_one_minute(steps: list[tuple[int, bool]]) -> None:
    taken: list[int] = []
    census = Census(lambda requests: taken.append(requests) or (group("m", requests),))  # type: ignore[func-returns-value]
    now_s, asked, slots = 0.0, [], []
    for step_s, asks in steps:
        now_s += step_s
        if asks:
            census.requested(now_s)
            asked.append(now_s)
        slot = int(now_s) // 2
        fresh = slot not in slots
        slots.append(slot)
        told = census.groups(slot, now_s)
        if fresh:
            assert told[0].nodes == sum(at_s > now_s - 60 for at_s in asked)
    assert len(taken) == len(set(slots))


def test_a_census_tells_of_the_largest_groups_alone() -> None:
    census = Census(lambda _: tuple(group(str(size), size) for size in range(500)))
    told = census.groups(1, 0.0)
    assert [item.nodes for item in told] == list(range(499, 499 - GROUPS_LIMIT, -1))


async def test_a_node_learns_its_group_its_probation_and_its_audit_rate(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, probation_answers=2, audit_ppm=0, saving_ppm=0)
    config = msgspec.structs.replace(CONFIG, policy=policy)
    async with running(tmp_path, config) as run:
        node = await run.node()
        await node.wait(Presence)
        await (await run.node("second")).wait(Presence)
        await run.nodes[1].drop()
        await until(lambda: node.got(Presence)[-1].around.probation_left == 2)
        assert node.got(Presence)[-1].around.audit_ppm == 1_000_000
        for left in (1, 0):
            assert (await run.chat()).status_code == 200
            await until(lambda left=left: node.got(Presence)[-1].around.probation_left == left)
        await until(lambda: node.got(Presence)[-1].around.audit_ppm == 0)
        await until(lambda: node.got(Presence)[-1].around.groups[0].requests_per_min == 2)
        assert node.got(Presence)[-1].around.groups == (GroupNow(GROUP, MODEL, 1, 1, 0, 2),)
        assert len(node.got(Verdict)) == 2


async def test_a_database_that_cannot_answer_leaves_the_probation_unknown(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        await node.wait(Presence)
        await until(lambda: node.got(Presence)[-1].around.probation_left == 10)
        store = run.coordinator.parts.store
        works = store.transact

        async def fails(*_: Any) -> Any:
            raise StoreError("The disk is full.")

        store.transact = fails  # type: ignore[method-assign]
        run.coordinator.registry.session(node.key.node_id).probation_due = True  # type: ignore[union-attr]
        await until(lambda: node.got(Presence)[-1].around.probation_left is None)
        assert node.got(Presence)[-1].listed
        store.transact = works  # type: ignore[method-assign]
        await until(lambda: node.got(Presence)[-1].around.probation_left == 10)


def test_peers_that_tell_more_or_less_check_each_others_receipts() -> None:
    key = SigningKey(b"k" * 32)
    told = Presence(1, GROUP, "00" * 32, 1, True, None, 4, 1, 1000, 750, 5, 6, "")
    told = msgspec.structs.replace(told, signature=key.sign(presence_bytes(told)))
    wire = msgspec.to_builtins(told)
    assert wire.pop("around") is None
    older: Presence = msgspec.json.decode(msgspec.json.encode(wire), type=FromCoordinator)  # type: ignore[assignment]
    assert older.around is None
    assert verify(key.node_id, presence_bytes(older), older.signature)
    newer = msgspec.json.encode({**wire, "around": {"groups": [], "weather": "fair"}, "moon": 3})
    heard: Presence = msgspec.json.decode(newer, type=FromCoordinator)  # type: ignore[assignment]
    assert heard.around is not None and heard.around.probation_left is None
    assert verify(key.node_id, presence_bytes(heard), heard.signature)
    false = msgspec.structs.replace(heard, listed=False)
    assert not verify(key.node_id, presence_bytes(false), false.signature)
