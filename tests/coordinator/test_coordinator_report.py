"""The report over rows that are known: each node's share of the draws, and how many jobs are open."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from store_contract import ADAPTERS, Place, PostgresPlace, SqlitePlace, place_of

from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.reports.report import count_jobs, report
from console.coordinator.store import NodeRow, StoreError, TicketRow, Unit
from console.coordinator.store.opening import Whereabouts
from console.coordinator.store.schema import DATABASE
from console.coordinator.store.sqlite import SqliteStore
from console.fairness import band95
from console.practice.plan import Plan, make_plan
from console.practice.report import until_settled
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.transcript import Commitment, SignedRoster
from console.protocol.types import Exclusion, Policy

A, B, C, IDLE = (NodeId(name * 64) for name in "abcd")
HELD = jobs.hold(Job(JobId("1" * 32), "ann", GroupId("g"), 5, 10, 1), 10, 1)


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path, lambda: request.getfixturevalue("postgres"))


def where(place: Place) -> Whereabouts:
    assert isinstance(place, (SqlitePlace, PostgresPlace))
    return place.path if isinstance(place, SqlitePlace) else place.url


def ticket(k: int, root: str, size: int, node: str, chances: int = 0, excluded: str = "") -> TicketRow:
    """`excluded`: places in the roster, a digit each."""
    out = tuple(Exclusion(int(place), "tried") for place in excluded)
    more = (f"chain{k}", 1, "seed", "nonce", 0, node, 1, chances, out)
    return TicketRow(1, k, f"j{k}", 1, root, size, "request", "s", *more)


def draws(unit: Unit) -> None:
    """Of three and of two nodes, with and without exclusions; the last ticket was never drawn."""
    unit.open_epoch(Commitment(1, "root", "", 1, Policy(), "s"), b"sealed")
    for at_ms, node in enumerate((A, B, C, IDLE)):
        unit.save_node(NodeRow(node, node[:1], "s", "m", at_ms, at_ms))
    unit.sign_slot(SignedRoster(GroupId("g"), 1, "three", 3, 1, "s"), (C, A, B))
    unit.sign_slot(SignedRoster(GroupId("g"), 2, "two", 2, 1, "s"), (B, C))
    for row in (
        ticket(0, "three", 3, A),
        ticket(1, "three", 3, C, chances=2, excluded="0"),
        ticket(2, "three", 3, B, chances=1, excluded="02"),
        ticket(3, "two", 2, B, chances=2),
        ticket(4, "two", 2, ""),
    ):
        unit.add_ticket(row)


async def test_a_node_is_expected_to_win_its_share_of_each_draw_that_it_is_in(place: Place) -> None:
    store = place.open()
    await store.transact(draws)
    store.close()
    found = {node.id: (node.draws, node.expected, node.band95) for node in report(where(place)).nodes}
    assert found == {
        A: (1, 0.333, band95(333, 222)),
        B: (2, 2.333, band95(2333, 722)),
        C: (1, 1.333, band95(1333, 722)),
        IDLE: (0, 0.0, (0.0, 0.0)),
    }


async def test_jobs_are_counted_by_themselves_as_the_report_counts_them(place: Place) -> None:
    store = place.open()
    await store.transact(lambda unit: unit.save_job(HELD, None))
    assert count_jobs(where(place)) == report(where(place)).jobs
    assert count_jobs(where(place)).open == 1
    await store.transact(lambda unit: unit.save_job(jobs.fail(HELD, "nobody", "code", 2), HELD))
    assert count_jobs(where(place)) == report(where(place)).jobs
    assert count_jobs(where(place)).open == 0
    store.close()


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "coordinator").mkdir()
    return make_plan(tmp_path, tmp_path, nodes=1, rogue=0, minutes=0, seed=1)


async def test_a_run_waits_until_no_job_is_open(plan: Plan) -> None:
    store = SqliteStore(plan.home / "coordinator" / DATABASE)
    await store.transact(lambda unit: unit.save_job(HELD, None))
    waiting = asyncio.create_task(until_settled(plan, 3600))
    assert not (await asyncio.wait([waiting], timeout=0.6))[0]
    await store.transact(lambda unit: unit.save_job(jobs.fail(HELD, "nobody", "code", 2), HELD))
    await asyncio.wait_for(waiting, 30)
    store.close()


async def test_a_run_without_a_database_waits_for_nothing(plan: Plan) -> None:
    with pytest.raises(StoreError):
        count_jobs(plan.home / "coordinator" / DATABASE)
    await until_settled(plan, 3600)
