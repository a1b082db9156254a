"""One owner at a time: taken over when it is gone, fenced when it is not, over both databases."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from store_contract import Place, PostgresPlace, SqlitePlace

from console.coordinator.clock import SystemClock
from console.coordinator.ownership import Ownership
from console.coordinator.store import ConflictError, NotOwnerError, OwnerRow, Store, StoreError
from console.coordinator.store.private_postgres import PrivatePostgres

LEASE_S = 0.4
LONG_S = 3.0
"""Where the owner's signs of life must be seen in time, on a busy machine too."""


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return SqlitePlace(tmp_path)
    server: PrivatePostgres = request.getfixturevalue("postgres")
    return PostgresPlace(server)


@contextlib.asynccontextmanager
async def stores(place: Place, count: int = 2) -> AsyncIterator[list[Store]]:
    opened = [place.open() for _ in range(count)]
    try:
        yield opened
    finally:
        for store in opened:
            store.close()


def claim(store: Store, lease_s: float = LEASE_S) -> Ownership:
    return Ownership(store, SystemClock(), secrets.token_hex(16), "ab" * 32, "toy", lease_s)


async def test_the_first_to_come_owns_it_and_a_second_one_says_who_does(place: Place) -> None:
    async with stores(place) as (first, second):
        owner = claim(first, LONG_S)
        await owner.take("http://first")
        keeping = asyncio.create_task(owner.keep(lambda: None))
        with pytest.raises(StoreError, match=r"http://first, owns this database .* --standby"):
            await claim(second, LONG_S).take("http://second")
        keeping.cancel()
        found = await second.transact(lambda unit: unit.owner())
        assert found is not None
        assert (found.token, found.address, found.model) == (1, "http://first", "toy")


async def test_an_owner_that_gives_no_sign_is_taken_over_from_and_writes_nothing_more(place: Place) -> None:
    async with stores(place) as (first, second):
        await claim(first).take("http://first")
        await claim(second).take("http://second", waits=True)
        with pytest.raises(NotOwnerError):
            await first.transact(lambda unit: unit.spend("c", "", 1, 5))
        with pytest.raises(NotOwnerError):
            await first.transact(lambda unit: unit.spent("c", None, 0))
        await second.transact(lambda unit: unit.spend("c", "", 1, 7))
        assert await second.transact(lambda unit: unit.spent("c", None, 0)) == 7


async def test_an_owner_that_lives_is_never_taken_over_from(place: Place) -> None:
    async with stores(place) as (first, second):
        owner = claim(first, LONG_S)
        await owner.take("http://first")
        keeping = asyncio.create_task(owner.keep(lambda: None))
        waiting = asyncio.create_task(claim(second, LONG_S).take("http://second", waits=True))
        await asyncio.sleep(1.5 * LONG_S)
        assert not waiting.done()
        keeping.cancel()
        await owner.leave()
        await asyncio.wait_for(waiting, 10)
        with pytest.raises(NotOwnerError):
            await first.transact(lambda unit: unit.spend("c", "", 1, 5))


async def test_an_owner_that_was_thought_dead_learns_that_it_is_none(place: Place) -> None:
    async with stores(place) as (first, second):
        owner, lost = claim(first), asyncio.Event()
        await owner.take("http://first")
        await claim(second).take("http://second", waits=True)
        await asyncio.wait_for(owner.keep(lost.set), 10)
        assert lost.is_set()
        await owner.leave()
        found = await second.transact(lambda unit: unit.owner())
        assert found is not None
        assert (found.token, found.beat) == (2, 0), "what it let go of was not its own any more"


async def test_an_owner_that_let_go_is_not_told_that_it_lost(place: Place) -> None:
    async with stores(place, 1) as (store,):
        owner, lost = claim(store), asyncio.Event()
        await owner.take("http://first")
        keeping = asyncio.create_task(owner.keep(lost.set))
        await owner.leave()
        await asyncio.wait_for(keeping, 10)
        assert not lost.is_set()


async def test_of_many_that_wait_one_takes_over(place: Place) -> None:
    owners: list[str] = []

    async def stand(store: Store, name: str) -> None:
        one = claim(store, LONG_S)
        await one.take(name, waits=True)
        owners.append(name)
        await one.keep(lambda: None)

    async with stores(place, 5) as (first, *others):
        await claim(first).take("http://first")
        tasks = [asyncio.create_task(stand(store, f"{number}")) for number, store in enumerate(others)]
        async with asyncio.timeout(30):
            while not owners:
                await asyncio.sleep(0.05)
        await asyncio.sleep(LONG_S / 2)
        assert len(owners) == 1
        found = await others[int(owners[0])].transact(lambda unit: unit.owner())
        assert found is not None
        assert (found.token, found.address) == (2, owners[0])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_whoever_is_alone_does_not_wait(place: Place) -> None:
    async with stores(place) as (first, second):
        await claim(first).take("")
        async with asyncio.timeout(LEASE_S * 0.9):
            await claim(second).take("", alone=True)


async def test_a_row_that_changed_since_it_was_seen_is_not_replaced(place: Place) -> None:
    async with stores(place, 1) as (store,):
        row = OwnerRow(1, "a", 0, "", "", "")
        await store.transact(lambda unit: unit.take_over(row, None))
        await store.transact(lambda unit: unit.owner_beat(1, 1))
        for seen in (None, row):
            with pytest.raises(ConflictError):
                await store.transact(lambda unit, seen=seen: unit.take_over(row, seen))  # type: ignore[misc]
        with pytest.raises(NotOwnerError):
            await store.transact(lambda unit: unit.owner_beat(2, 1))
