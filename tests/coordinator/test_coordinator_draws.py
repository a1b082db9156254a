"""Draws that follow upon one another without a look at the database, and some that come to nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from store_contract import ADAPTERS, Place, place_of

from console.coordinator.clock import SystemClock
from console.coordinator.draws.draws import Drawn, Draws, EpochFullError
from console.coordinator.draws.epochs import Epoch, Epochs
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import Eligible, SlotRoster
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.store import ConflictError, Store, Unit
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.keys import SigningKey

NODES = tuple(NodeId(f"{number:064x}") for number in range(4))
SEEDS = 64
AT_ONCE = 40


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path, lambda: request.getfixturevalue("postgres"))


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
async def draws(store: Store) -> AsyncIterator[Draws]:
    parts = Parts(
        CoordinatorConfig(), Served("toy", GroupId("00" * 32)), SigningKey(bytes(32)), Secrets(bytes(32)),
        store, SystemClock(), secrets.token_bytes,
    )  # fmt: skip

    async def nothing(_: Epoch | int) -> None:
        return

    epochs = Epochs(parts, nothing, nothing, SEEDS)
    await epochs.open_next()
    yield Draws(parts, epochs)


async def held(store: Store, count: int) -> list[Job]:
    waiting = [
        jobs.hold(Job(JobId(f"{number:032x}"), "ann", GroupId("00" * 32), 1, 1, 1), 0, 1)
        for number in range(count)
    ]

    def save(unit: Unit) -> None:
        for job in waiting:
            unit.save_job(job, None)

    await store.transact(save)
    return waiting


async def test_numbers_stay_gapless_and_the_chain_whole_where_some_come_to_nothing(
    store: Store, place: Place, draws: Draws
) -> None:
    """Every fifth job was cancelled meanwhile: its ticket is undone, and those behind it are made again."""
    waiting = await held(store, AT_ONCE)
    gone = waiting[2::5]
    await asyncio.gather(
        *(store.transact(lambda unit, job=job: unit.save_job(jobs.cancel(job, 2), job)) for job in gone)
    )
    roster = Eligible(SlotRoster(7, NODES), (), 1)

    async def one(job: Job) -> Drawn:
        return await draws.fix_and_draw(job, roster, "request", lambda: secrets.token_hex(16))

    came = await asyncio.gather(*map(one, waiting), return_exceptions=True)
    assert Counter(map(type, came)) == {Drawn: AT_ONCE - len(gone), ConflictError: len(gone)}
    tickets = place.rows("SELECT k, job, chain FROM tickets ORDER BY k")
    assert [k for k, _, _ in tickets] == list(range(AT_ONCE - len(gone)))
    assert {job for _, job, _ in tickets} == {job.id for job in waiting if job not in gone}
    drawn = {one.proof.ticket.k: one for one in came if isinstance(one, Drawn)}
    assert sorted(drawn) == [k for k, _, _ in tickets]
    assert all(drawn[k].job.id == job and drawn[k].row.chain == chain for k, job, chain in tickets)
    records = await store.transact(lambda unit: unit.draws(1))
    assert [record.ticket.k for record in records] == list(range(len(tickets)))


async def test_a_draw_after_a_failure_reads_where_the_last_one_stands(store: Store, draws: Draws) -> None:
    first, second, third = await held(store, 3)
    roster = Eligible(SlotRoster(7, NODES), (), 1)
    assert (await draws.fix(first, roster, "request", "")).ticket.k == 0
    with pytest.raises(ConflictError):
        await draws.fix(first, roster, "request", "")
    assert (await draws.fix(second, roster, "request", "")).ticket.k == 1
    await store.transact(lambda unit: unit.next_draw(1))  # another took a number
    assert (await draws.fix(third, roster, "request", "")).ticket.k == 3


async def test_many_that_find_an_epoch_full_open_one_in_its_place(
    store: Store, place: Place, draws: Draws
) -> None:
    """As many empty epochs had been opened as jobs were in flight, each with a statement of its own."""
    roster = Eligible(SlotRoster(7, NODES), (), 1)
    epochs = draws._epochs

    async def one(job: Job) -> int:
        async def draw() -> Drawn:
            async with draws.turns.draw():
                return await draws.fix_and_draw(job, roster, "request", lambda: secrets.token_hex(16))

        try:
            return (await draw()).proof.ticket.epoch
        except EpochFullError as full:
            await epochs.renew(full.epoch)
            return (await draw()).proof.ticket.epoch

    came = await asyncio.gather(*map(one, await held(store, SEEDS + AT_ONCE)))
    assert Counter(came) == {1: SEEDS, 2: AT_ONCE}
    assert place.rows("SELECT epoch, next_k FROM epochs ORDER BY epoch") == [(1, SEEDS), (2, AT_ONCE)]


async def test_who_finds_an_epoch_full_as_its_time_is_over_opens_no_second_one(
    place: Place, draws: Draws
) -> None:
    """The clock's change was under way, and the full one still the open one: an empty epoch came of it."""
    epochs = draws._epochs
    await asyncio.gather(epochs.open_next(), epochs.renew(1))
    assert place.rows("SELECT epoch FROM epochs ORDER BY epoch") == [(1,), (2,)]
