"""Load challenges: who shares a machine is found, and whoever is slow for another reason is left in peace."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from coordinator_harness import CONFIG, DATABASE, FakeNode, Presence, Running, running, until

from console.coordinator.challenges import challenges
from console.coordinator.challenges.challenges import MOST, SUSPECTS, Challenges
from console.coordinator.challenges.loads import AT_ONCE, Loads, UnaskedError
from console.coordinator.clock import SystemClock
from console.coordinator.nodes.machines import Group
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import SlotRoster, for_one, left_out
from console.coordinator.settings import CoordinatorConfig
from console.coordinator.store.database import Readable
from console.coordinator.store.opening import looking
from console.coordinator.store.reading import epochs, read_transcript
from console.fairness import together
from console.fairness.recount import recount
from console.ledger import LOAD_CLIENT, TREASURY, client
from console.protocol.ids import NodeId
from console.protocol.types import LOAD, USUAL_POLICY, Assignment, Result
from console.settings.config import ConfigError

# Of many networks, quickly: nodes are numbers, and an answer is a speed.


@dataclass
class World:
    """Nodes on machines that share what they can give, and what slows the honest ones."""

    machine_of: dict[NodeId, str]
    capacity: dict[str, float]
    """Tokens/s of a machine, shared by its nodes that are asked at one moment."""
    chance: Random
    failing: dict[NodeId, float] = field(default_factory=dict)
    """How often a node is slow whatever is asked of it."""
    coordinator_holds: int = 10_000
    """Answers at one moment that the coordinator's own machine can take in time."""
    busy: float = 0.0
    """How often a node's queue is full."""
    asked: int = 0
    found: list[Group] = field(default_factory=list)

    async def below(self, nodes: Sequence[NodeId]) -> dict[NodeId, bool | None]:
        assert len(set(nodes)) == len(nodes) <= AT_ONCE
        self.asked += len(nodes)
        late = len(nodes) > self.coordinator_holds
        return {node: None if self._busy() else late or self._slow(node, nodes) for node in nodes}

    def _busy(self) -> bool:
        return self.chance.random() < self.busy

    def roster(self, _: int) -> tuple[NodeId, ...]:
        return tuple(sorted(self.machine_of))

    def challenges(self) -> Challenges:
        clock = SimpleNamespace(now_ms=lambda: 0)
        parts = SimpleNamespace(policy=USUAL_POLICY, clock=clock, entropy=self.chance.randbytes)
        registry = SimpleNamespace(roster=self.roster, found=self.found.append)
        return Challenges(cast(Parts, parts), cast(Registry, registry), cast(Loads, self))

    def _slow(self, node: NodeId, nodes: Sequence[NodeId]) -> bool:
        machine = self.machine_of[node]
        load = sum(self.machine_of[other] == machine for other in nodes)
        return self.chance.random() < self.failing.get(node, 0.0) or self.capacity[machine] / load < 1.0


def world(seed: int, honest: int, sybils: int = 0, capacity: float = 3.0) -> World:
    """`honest` nodes on machines of their own, and `sybils` on one; the minimum is 1 token/s."""
    own = {NodeId(f"{n:064x}"): f"own {n}" for n in range(honest)}
    shared = {NodeId(f"{1000 + n:064x}"): "shared" for n in range(sybils)}
    machines = own | shared
    capacities = dict.fromkeys(machines.values(), 5.0) | {"shared": capacity}
    return World(machines, capacities, Random(seed))


@pytest.mark.parametrize("sybils", [5, 8, 24])
async def test_many_ids_on_one_machine_are_found(sybils: int) -> None:
    one = world(sybils, honest=30, sybils=sybils)
    group = await one.challenges().challenge()
    assert group is not None
    assert len(group.nodes) == min(sybils, challenges.TESTED)
    assert {one.machine_of[node] for node in group.nodes} == {"shared"}
    assert group.until_ms == 1000 * USUAL_POLICY.load_hold_s
    assert "10 times" in group.sentence
    assert "184,756" in group.sentence
    assert one.found == [group]


async def test_a_machine_that_can_give_what_its_ids_are_asked_for_is_not() -> None:
    """What remains possible: as many ids as the machine has times the minimum speed."""
    assert await world(1, honest=30, sybils=20, capacity=20.0).challenges().challenge() is None


@pytest.mark.parametrize("often", [0.05, 0.5, 0.95])
async def test_slow_honest_machines_are_left_in_peace(often: float) -> None:
    asked = 0
    for seed in range(400):
        one = world(seed, honest=20)
        one.failing = {node: often for node in list(one.machine_of)[:8]}
        assert await one.challenges().challenge() is None
        asked += one.asked
    assert asked < 400 * 2_000


async def test_machines_too_slow_for_the_group_are_no_one_machine() -> None:
    one = world(1, honest=20)
    one.failing = {node: 1.0 for node in list(one.machine_of)[:8]}
    assert await one.challenges().challenge() is None


async def test_a_coordinator_that_cannot_keep_up_blames_nobody() -> None:
    for seed in range(200):
        for holds in (0, 3, 6, 12, 18):
            one = world(seed, honest=20)
            one.coordinator_holds = holds
            one.failing = {node: 0.3 for node in list(one.machine_of)[:6]}
            assert await one.challenges().challenge() is None


async def test_sybils_beside_slow_honest_machines_are_told_apart() -> None:
    for seed in range(100):
        one = world(seed, honest=30, sybils=6)
        one.failing = {node: 0.5 for node in list(one.machine_of)[:6]}
        if (group := await one.challenges().challenge()) is not None:
            assert {one.machine_of[node] for node in group.nodes} == {"shared"}


async def test_whoever_is_the_larger_part_of_a_group_cannot_be_told_from_its_coordinator() -> None:
    assert await world(1, honest=5, sybils=20).challenges().challenge() is None


async def test_too_small_and_too_large_groups_are_not_challenged() -> None:
    for honest in (3, MOST + 1):
        one = world(1, honest)
        assert await one.challenges().challenge() is None
        assert one.asked == 0
    assert SUSPECTS <= AT_ONCE <= MOST


async def test_who_cannot_be_asked_is_left_in_peace() -> None:
    found = 0
    for seed in range(100):
        one = world(seed, honest=30, sybils=8)
        one.busy = 0.02
        one.failing = {node: 0.5 for node in list(one.machine_of)[:6]}
        if (group := await one.challenges().challenge()) is not None:
            found += 1
            assert {one.machine_of[node] for node in group.nodes} == {"shared"}
    assert found
    one = world(1, honest=30, sybils=8)
    one.busy = 1.0
    assert await one.challenges().challenge() is None


def test_a_challenges_draw_leaves_out_all_but_one() -> None:
    ids = tuple(NodeId(f"{n:064x}") for n in range(4))
    found = left_out(SlotRoster(1, ids), {ids[1]: "paused"})
    one = for_one(found, ids[2])
    assert [(e.index, e.code) for e in one.excluded] == [(0, LOAD), (1, "paused"), (3, LOAD)]
    assert one.ids == (ids[2],)
    assert for_one(found, ids[1]).chances == for_one(found, NodeId("f" * 64)).chances == 0


# A whole coordinator, with nodes that take time.

QUICK = msgspec.structs.replace(
    CONFIG,
    policy=msgspec.structs.replace(CONFIG.policy, min_milli_tokens_per_s=4000, load_tokens=4),
    load_deposit=50_000_000,
)


class Ticks(SystemClock):
    """A steady clock that stands still while the tests do: what a stall takes is nobody's slowness."""

    TICK_S = 0.01

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    async def run(self) -> None:
        """For ever."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(self.TICK_S)
            self.now_s += min(time.monotonic() - before, 2 * self.TICK_S)

    def tick_s(self) -> float:
        """See Clock."""
        return self.now_s


class Machine:
    """Shares its time among the answers that are made on it."""

    def __init__(self, ticks: Ticks, answer_s: float = 0.15) -> None:
        self.ticks = ticks
        self.answer_s = answer_s
        self.running = 0

    async def work(self) -> None:
        """One answer's."""
        self.running += 1
        try:
            left_s = self.answer_s
            while left_s > 0:
                before = self.ticks.now_s
                await asyncio.sleep(Ticks.TICK_S)
                left_s -= (self.ticks.now_s - before) / self.running
        finally:
            self.running -= 1


class Working(FakeNode):
    """A node that shares a machine."""

    machine: Machine

    async def generate(self, assignment: Assignment, chunks: bool = True) -> Result | None:
        await self.machine.work()
        return await super().generate(assignment, chunks)


async def joins(run: Running, name: str, machine: Machine) -> Working:
    node = Working(run, name)
    node.machine = machine
    run.nodes.append(node)
    await node.connect()
    await until(lambda: node.key.node_id in run.coordinator.registry.roster(0))
    return node


@contextlib.asynccontextmanager
async def challenged(folder: Path, config: CoordinatorConfig) -> AsyncIterator[tuple[Running, Ticks]]:
    """A coordinator whose challenges go by ticks."""
    ticks = Ticks()
    running_ticks = asyncio.create_task(ticks.run())
    async with running(folder, config) as run:
        parts = dataclasses.replace(run.coordinator.parts, clock=ticks)
        run.coordinator.challenges._loads._parts = parts
        yield run, ticks
    running_ticks.cancel()


@pytest.fixture
def two_rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (together, challenges):
        monkeypatch.setattr(module, "ROUNDS", 2)
    yield


def account(db: Readable, name: str) -> int:
    row = db.execute("SELECT coalesce(sum(amount), 0) FROM balances WHERE account = ?", (name,)).fetchone()
    return int(row[0])


@pytest.mark.usefixtures("two_rounds")
async def test_ids_of_one_machine_count_as_one_and_are_told_why(tmp_path: Path) -> None:
    async with challenged(tmp_path, QUICK) as (run, ticks):
        shared = Machine(ticks, 0.4)
        sybils = [await joins(run, f"sybil {n}", shared) for n in range(4)]
        honest = [await joins(run, f"own {n}", Machine(ticks)) for n in range(5)]
        group = await run.coordinator.challenges.challenge()
        ids = {node.key.node_id for node in sybils}
        assert group is not None
        assert set(group.nodes) == ids
        await until(lambda: len(ids & set(run.coordinator.registry.roster(0))) == 1)
        assert {node.key.node_id for node in honest} < set(run.coordinator.registry.roster(0))
        (stands,) = ids & set(run.coordinator.registry.roster(0))
        out = [node for node in sybils if node.key.node_id != stands]
        for node in out:
            await until(lambda node=node: node.got(Presence)[-1].reason is not None)  # type: ignore[misc]
            told = node.got(Presence)[-1].reason
            assert (told.code, told.evidence) == ("not_in_roster", "one_machine")
            assert told.until_ms == group.until_ms
            assert "same moment" in told.sentence
        await next(node for node in sybils if node.key.node_id == stands).drop()
        await until(lambda: len(ids & set(run.coordinator.registry.roster(0))) == 1)
        report = await run.settled(1)
        assert (report.jobs.rejected, report.ledger.penalised) == (0, 0)
        assert report.ledger.paid > 0, "load challenges are paid as any answer is"
        assert report.audits.replay == report.jobs.accepted, "and every one of them is checked"
        await run.coordinator.epochs.open_next()
    with looking(tmp_path / DATABASE) as db:
        key = NodeId(run.coordinator.parts.key.node_id)
        read = [found for e in epochs(db) if (found := read_transcript(db, key, e)) is not None]
        assert [one.code for one in recount(read).findings] == []
        assert all(draw.ticket.chances == 1 for found in read for draw in found.draws)


@pytest.mark.usefixtures("two_rounds")
async def test_honest_nodes_are_asked_once_and_paid_by_the_treasury(tmp_path: Path) -> None:
    config = msgspec.structs.replace(QUICK, load_deposit=0)
    async with challenged(tmp_path, config) as (run, ticks):
        for n in range(4):
            await joins(run, f"own {n}", Machine(ticks))
        with pytest.raises(UnaskedError):
            await run.coordinator.challenges.challenge()  # there is nothing in the treasury yet
        for _ in range(30):
            assert (await run.chat("ahoy " * 60, temperature=0)).status_code == 200
        with looking(tmp_path / DATABASE) as db:
            before = account(db, TREASURY)
        assert await run.coordinator.challenges.challenge() is None
        report = await run.settled(34)
        minute = run.coordinator.registry.census.groups(10**9, run.coordinator.parts.clock.tick_s())
        assert minute[0].requests_per_min == 30, "what the network asks by itself is no demand"
        assert (report.jobs.accepted, report.jobs.failed) == (34, 0)
        with looking(tmp_path / DATABASE) as db:
            left, treasury = account(db, client(LOAD_CLIENT)), account(db, TREASURY)
            (funded,) = db.execute(
                """SELECT sum(amount) FROM postings WHERE "transaction" LIKE 'load:%' AND amount > 0"""
            ).fetchone()
        assert 0 <= left < funded
        assert before - funded < treasury < before
    assert run.coordinator.registry.machines.counted_as_one(0) == 0


async def test_a_client_cannot_bear_the_networks_own_name(tmp_path: Path) -> None:
    from console.coordinator.settings_file import load_config

    path = tmp_path / "policy.toml"
    for text, words in (
        (f'[clients.{LOAD_CLIENT}]\nkey_sha256 = "{"0" * 64}"\n', "the network's own"),
        ("load_deposit = -1\n", "negative"),
        ("[policy]\nload_tokens = 0\n", "load_tokens"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=words):
            load_config(path)
