"""One machine under several ids: it has one chance in a draw, and operators are told which node has it."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import msgspec
import pytest
from coordinator_harness import CONFIG, FakeNode, Presence, Running, running, until
from hypothesis import given
from hypothesis import strategies as st

from console.coordinator.nodes.machines import LOOKED_AT, NOT_LOOKED, Machines
from console.coordinator.settings import CoordinatorConfig
from console.protocol.ids import NodeId, short
from console.protocol.reasons import Reason

IDS = st.lists(st.sampled_from([NodeId(name) for name in "abcdefgh"]), unique=True, max_size=8)


def allowing(nodes: int) -> CoordinatorConfig:
    return msgspec.structs.replace(
        CONFIG, policy=msgspec.structs.replace(CONFIG.policy, nodes_per_machine=nodes)
    )


@given(IDS, st.sets(st.sampled_from("abcdefgh")), st.integers(1, 3))
def test_places_go_to_the_first_that_could_be_listed(came: list[NodeId], fit: set[str], places: int) -> None:
    machines = Machines(places)
    for node in came:
        machines.join("m", node)
    standing = [n for n in came if n in fit and machines.stands_for("m", n, fit.__contains__) is None]
    assert standing == [node for node in came if node in fit][:places]


@given(IDS)
def test_without_a_limit_everybody_stands_for_itself(came: list[NodeId]) -> None:
    machines = Machines(0)
    for node in came:
        machines.join("m", node)
    assert all(machines.stands_for("m", node, lambda _: True) is None for node in came)


def test_who_names_no_machine_has_no_twin() -> None:
    machines = Machines(1)
    assert machines.join("", NodeId("a")) == machines.join("", NodeId("b")) == ()
    assert machines.stands_for("", NodeId("b"), lambda _: True) is None
    assert machines.claimed_twice == 0


def test_what_is_left_of_a_machine_is_nothing() -> None:
    machines = Machines(1)
    machines.join("m", NodeId("a"))
    assert machines.join("m", NodeId("b")) == ("a",)
    assert machines.claimed_twice == 1
    for node in "ab":
        machines.leave("m", NodeId(node))
    machines.leave("m", NodeId("a"))
    assert machines.join("m", NodeId("c")) == ()


def test_a_crowd_under_one_digest_costs_a_bounded_look() -> None:
    machines, looks = Machines(1), list[NodeId]()
    crowd = [NodeId(f"{n:04}") for n in range(2000)]
    for node in crowd:
        machines.join("m", node)

    def unfit(node: NodeId) -> bool:
        looks.append(node)
        return False

    assert machines.stands_for("m", crowd[-1], unfit) == NOT_LOOKED
    assert len(looks) <= LOOKED_AT + 2
    said = machines.why("m", crowd[-1], unfit, 0)
    assert said is not None and said.evidence == "machine"
    assert "is listed for" not in said.sentence, "nobody is: none of those that were asked could be"


async def twin(run: Running, of: FakeNode, name: str) -> FakeNode:
    """A second node on the machine of another."""
    node = FakeNode(run, name)
    run.nodes.append(node)
    await node.connect(machine=f"machine of {of.key.node_id}")
    await until(lambda: node.got(Presence))
    return node


def why(node: FakeNode) -> Reason | None:
    found: Presence = node.got(Presence)[-1]
    return found.reason


async def test_one_machine_has_one_chance_and_its_operators_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as run:
        first, other = await run.node("first"), await run.node("other")
        with caplog.at_level(logging.WARNING, "console.coordinator"):
            second = await twin(run, first, "second")
        names = short(second.key.node_id), short(first.key.node_id)
        assert "node {} claims the machine of {}".format(*names) in caplog.text
        await until(lambda: why(second) is not None and why(second).evidence == "machine")  # type: ignore[union-attr]
        told = why(second)
        assert told is not None
        assert told.code == "not_in_roster"
        assert short(first.key.node_id) in told.sentence
        assert told.remedy
        for _ in range(3):
            listed = set(run.coordinator.registry.roster(0))
            assert listed == {first.key.node_id, other.key.node_id}
            await second.wait(Presence, len(second.got(Presence)) + 3)
        async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
            assert (await http.get("/healthz")).json()["claimed_twice"] == 1
            assert (await http.get("/net/v1/policy")).json()["policy"]["nodes_per_machine"] == 1
        await first.drop()
        await until(lambda: second.key.node_id in run.coordinator.registry.roster(0))
        await until(lambda: why(second) is None)


async def test_a_node_that_rests_leaves_its_place_to_its_twin(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        first = await run.node("first")
        second = await twin(run, first, "second")
        await until(lambda: why(second) is not None)
        first.ready = False
        await until(lambda: run.coordinator.registry.roster(0) == (second.key.node_id,))
        first.ready = True
        await until(lambda: run.coordinator.registry.roster(0) == (first.key.node_id,))


async def test_a_network_may_allow_more_of_one_machine(tmp_path: Path) -> None:
    async with running(tmp_path, allowing(2)) as run:
        first = await run.node("first")
        second, third = await twin(run, first, "second"), await twin(run, first, "third")
        both = {first.key.node_id, second.key.node_id}
        await until(lambda: set(run.coordinator.registry.roster(0)) == both)
        assert why(third) is not None
