"""PostgreSQL goes away, comes back, is somebody else's: nothing half done, nothing twice, nothing guessed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from coordinator_harness import DATABASE, running
from store_contract import PostgresPlace

from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.reports.report import report
from console.coordinator.store import (
    OutcomeUnknownError,
    Store,
    StoreError,
    Unit,
    opening,
    postgres_schema,
    private_postgres,
)
from console.coordinator.store import postgres as adapter
from console.coordinator.store.opening import open_store
from console.coordinator.store.postgres import PostgresStore
from console.coordinator.store.postgres_link import Link, LostError
from console.coordinator.store.private_postgres import PrivatePostgres
from console.ledger import client, deposit, hold
from console.protocol.ids import GroupId, JobId, NodeId

NODE = NodeId("aa" * 32)
MANY = 64


@pytest.fixture(scope="module")
def mortal() -> Iterator[PrivatePostgres]:
    """A server of these tests alone: with few files, it recovers soon."""
    made = PrivatePostgres()
    yield made
    made.close()


@pytest.fixture
def server(mortal: PrivatePostgres) -> PrivatePostgres:
    """It runs, whatever the last test did to it."""
    mortal.start()
    return mortal


@pytest.fixture
async def place(server: PrivatePostgres) -> PostgresPlace:
    return PostgresPlace(server)


@pytest.fixture
async def store(place: PostgresPlace) -> AsyncIterator[PostgresStore]:
    opened = place.open()
    await opened.transact(lambda unit: unit.book(deposit("ann", client("ann"), 1_000_000, 1)))
    yield opened
    opened.close()


def take_on(number: int, unit: Unit, interruption: Callable[[], None] = lambda: None) -> int:
    """What a request writes: the job, its money, a message."""
    held = jobs.hold(Job(JobId(f"{number:032x}"), "ann", GroupId("22" * 32), 5, 10, 1), 10, 1)
    unit.save_job(held, None)
    unit.balance(client("ann"))
    interruption()
    unit.book(hold(held.id, "ann", 10, 1))
    unit.post(NODE, str(number).encode(), 1)
    return number


def stands(place: PostgresPlace) -> set[int]:
    """Numbers of what `take_on` wrote; each wholly, or this fails."""
    numbers = [int(name, 16) for (name,) in place.rows("SELECT id FROM jobs")]
    booked = [
        int(name[5:], 16) for (name,) in place.rows("SELECT id FROM transactions WHERE id LIKE 'hold:%'")
    ]
    told = [int(body) for (body,) in place.rows("SELECT body FROM outbox")]
    assert sorted(numbers) == sorted(booked) == sorted(told)
    assert len(set(numbers)) == len(numbers)
    ((left,),) = place.rows("SELECT amount FROM balances WHERE account = 'client:ann'")
    assert left == 1_000_000 - 10 * len(numbers)
    assert place.rows("SELECT sum(amount) FROM postings") == [(0,)]
    return set(numbers)


@pytest.mark.parametrize("moment", ["in a unit", "at some time"])
async def test_a_server_that_is_killed_under_load_leaves_nothing_half_done(
    store: PostgresStore, place: PostgresPlace, server: PrivatePostgres, moment: str
) -> None:
    chance = random.Random(moment)
    done: set[int] = set()
    for turn in range(2):
        killed = threading.Event()

        def kill(gone: threading.Event = killed) -> None:
            if not gone.is_set():
                server.kill()
                gone.set()

        numbers = range(1000 * turn, 1000 * turn + MANY)
        victim = chance.choice(numbers) if moment == "in a unit" else -1
        units = [
            store.transact(partial(take_on, n, interruption=kill if n == victim else lambda: None))
            for n in numbers
        ]
        asked = [asyncio.create_task(unit) for unit in units]
        if victim < 0:
            await asyncio.sleep(chance.random() * 0.05)
            kill()
        await asyncio.to_thread(killed.wait)
        server.start()
        came = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(end) for end in came} <= {int, StoreError}
        done |= {end for end in came if isinstance(end, int)}
        assert stands(place) == done
        while not await works(store):
            await asyncio.sleep(0.05)


async def works(store: Store) -> bool:
    try:
        await store.transact(lambda unit: unit.last_epoch())
    except StoreError as error:
        assert "cannot be reached" in str(error)
        return False
    return True


async def test_a_connection_that_is_cut_in_a_unit_fails_it_and_the_next_one_works(
    store: PostgresStore, place: PostgresPlace
) -> None:
    def cut() -> None:
        place.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quarterdeck'"
        )

    with pytest.raises(StoreError, match="nothing of this was written"):
        await store.transact(partial(take_on, 1, interruption=cut))
    while not await works(store):
        await asyncio.sleep(0.05)
    assert await store.transact(partial(take_on, 2)) == 2
    assert stands(place) == {2}


class Cut:
    """Breaks the connection at the first commit: `before` it is sent, or `after` it was carried out."""

    def __init__(self, link: Link, moment: str) -> None:
        self._script = link.script
        self._link = link
        self._moment = moment
        link.script = self  # type: ignore[method-assign, assignment]

    def __call__(self, text: str) -> str:
        if not text.endswith("COMMIT"):
            return self._script(text)
        self._link.script = self._script  # type: ignore[method-assign]
        if self._moment == "after":
            assert self._script(text) == "COMMIT"
        self._link.drop()
        raise LostError("cut")


@contextlib.asynccontextmanager
async def one_batch(store: PostgresStore) -> AsyncIterator[None]:
    """What is asked for in here goes together, once all of it waits."""
    began, gate = threading.Event(), threading.Event()
    first = asyncio.create_task(store.transact(lambda unit: (began.set(), gate.wait(20))))
    await asyncio.to_thread(began.wait, 20)
    try:
        yield
        await asyncio.sleep(0)  # each of them gets as far as the queue
    finally:
        gate.set()
    await first


@pytest.mark.parametrize(("moment", "numbers"), [("after", {1, 2, 3}), ("before", set())])
async def test_a_commit_without_an_answer_is_looked_up(
    store: PostgresStore, place: PostgresPlace, moment: str, numbers: set[int]
) -> None:
    Cut(store._link, moment)
    async with one_batch(store):
        asked = [asyncio.create_task(store.transact(partial(take_on, n))) for n in (1, 2, 3)]
    came = await asyncio.gather(*asked, return_exceptions=True)
    assert stands(place) == {end for end in came if isinstance(end, int)} == numbers
    assert isinstance(came[0], int if moment == "after" else StoreError)
    assert await store.transact(partial(take_on, 4)) == 4
    assert 4 in stands(place)


async def test_a_commit_that_the_server_still_carries_out_is_waited_for(
    store: PostgresStore, place: PostgresPlace
) -> None:
    """The connection breaks, and the server's side of it goes on for a while before it commits."""
    other, link = Link(place.url), store._link
    script, committing = link.script, []

    def detour(text: str) -> str:
        if not text.endswith("COMMIT"):
            return script(text)
        link.script = script  # type: ignore[method-assign]
        link.drop()
        other.connect()
        other.script(text.removesuffix("COMMIT"))
        committing.append(threading.Timer(0.4, lambda: other.script("COMMIT")))
        committing[0].start()
        raise LostError("cut")

    store._words.known.clear()  # so that the script brings all its words along
    link.script = detour  # type: ignore[method-assign]
    blind = partial(lambda unit: unit.book(deposit("late", client("ann"), 5, 1)))
    assert await store.transact(blind) is None
    committing[0].join()
    other.close()
    assert await store.transact(lambda unit: unit.booked("deposit:late"))


async def test_while_the_server_is_away_units_fail_at_once_and_say_so(
    store: PostgresStore, place: PostgresPlace, server: PrivatePostgres
) -> None:
    server.kill()
    for number in range(5):
        with pytest.raises(StoreError, match=r"cannot be reached .* keeps trying"):
            await store.transact(partial(take_on, number))
    server.start()
    while not await works(store):
        await asyncio.sleep(0.05)
    assert await store.transact(partial(take_on, 9)) == 9
    assert stands(place) == {9}


async def test_a_commit_still_in_doubt_at_the_end_is_called_unknown(
    place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Link) -> None:
        raise LostError("nobody there")

    monkeypatch.setattr(adapter, "_CLOSING_S", 0.2)
    store = place.open()
    Cut(store._link, "before")
    monkeypatch.setattr(Link, "connect", away)
    asked = asyncio.create_task(store.transact(lambda unit: unit.post(NODE, b"x", 1)))
    while not store._doubtful:
        await asyncio.sleep(0.01)
    with pytest.raises(StoreError, match="cannot be reached"):
        await store.transact(lambda unit: unit.last_epoch())
    await asyncio.to_thread(store.close)
    with pytest.raises(OutcomeUnknownError, match="not known"):
        await asked


async def test_a_query_that_the_server_cannot_answer_fails_its_batch_and_the_store_goes_on(
    store: PostgresStore,
) -> None:
    def divides(unit: Unit) -> None:
        unit.database.execute("SELECT 1 / (0 * count(*)) FROM jobs").fetchone()  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="division by zero"):
        await store.transact(divides)
    with pytest.raises(Exception, match="division by zero") as caught:
        await store.transact(lambda unit: (unit.post(NODE, b"x", 1), divides(unit)))
    assert not isinstance(caught.value, StoreError), "its savepoint stood: it failed alone"
    assert await store.transact(lambda unit: unit.outbox(NODE, 0)) == []


async def test_the_writer_lives_on_whatever_a_unit_does_to_its_connection(store: PostgresStore) -> None:
    def breaks(unit: Unit) -> None:
        store._link._connection = None
        unit.last_epoch()

    with pytest.raises(StoreError):
        await store.transact(breaks)
    while not await works(store):
        await asyncio.sleep(0.05)


def test_databases_that_cannot_be_used(place: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place.server.folder
    wrong: dict[str, Any] = {
        f"postgres://quarterdeck@/nowhere?host={folder}": "refuses the coordinator",
        f"postgres://nobody_known@/postgres?host={folder}": "refuses the coordinator",
        f"postgres://quarterdeck:secret@/postgres?host={folder}/missing": "cannot be reached",
        "postgres://quarterdeck:secret@127.0.0.1:1/postgres": "cannot be reached",
        "postgres://quarterdeck@127.0.0.1:no/postgres": "cannot be used",
    }
    for url, words in wrong.items():
        with pytest.raises(StoreError, match=words) as caught:
            PostgresStore(url)
        assert "secret" not in str(caught.value)
    place.open().close()
    place.rows("UPDATE version SET version = 99")
    with pytest.raises(StoreError, match="version 99"):
        place.open()


async def test_a_database_of_an_older_version_is_brought_up_to_date(
    place: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = place.open()
    await store.transact(lambda unit: unit.post(NODE, b"kept", 1))
    store.close()
    version = postgres_schema.VERSION
    monkeypatch.setattr(postgres_schema, "VERSION", version + 1)
    step = "CREATE TABLE later (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
    monkeypatch.setitem(postgres_schema._LACKING, version, step)
    for _ in range(2):
        store = place.open()
        assert [row.body for row in await store.transact(lambda unit: unit.outbox(NODE, 0))] == [b"kept"]
        store.close()
    assert place.rows("SELECT version FROM version") == [(version + 1,)]
    assert place.rows("SELECT * FROM later") == []


async def test_units_that_wait_together_share_their_round_trips(
    store: PostgresStore, place: PostgresPlace
) -> None:
    """64 steps of 64 jobs: a handful of round trips, whatever the number; and one of their marks stays."""
    held = [
        jobs.hold(Job(JobId(f"{n:032x}"), "ann", GroupId("22" * 32), 5, 10, 1), 10, 1) for n in range(MANY)
    ]
    await store.transact(lambda unit: [unit.save_job(job, None) for job in held])
    before = store.trips
    async with one_batch(store):
        works = [
            asyncio.create_task(
                store.transact(partial(lambda job, unit: unit.save_job(jobs.ticket(job, 2), job), job))
            )
            for job in held
        ]
    await asyncio.gather(*works)
    assert Counter(state for (state,) in place.rows("SELECT state FROM jobs")) == {"TICKETED": MANY}
    assert store.trips - before == 1
    assert place.rows("SELECT count(*) FROM commits") == [(1,)]


async def test_a_whole_coordinator_runs_on_it_and_the_report_says_the_same(
    place: PostgresPlace, tmp_path: Path
) -> None:
    """Jobs paid, one rejected, epochs closed, the transcript published; after a restart all is as it was."""
    async with running(tmp_path, store_at=place.url) as run:
        await run.node("good")
        assert [(await run.chat()).status_code for _ in range(4)] == [200] * 4
        found = await run.settled(4)
        assert (found.jobs.accepted, found.ledger.paid > 0) == (4, True)
        await run.coordinator.epochs.open_next()
        async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
            told = (await http.get("/net/v1/epochs/1/transcript")).json()
        assert len(told["draws"]) == 4
    assert not (tmp_path / DATABASE).exists()
    assert sum(node.draws for node in found.nodes) == 4
    assert sum(node.expected for node in found.nodes) == pytest.approx(4)
    async with running(tmp_path, store_at=place.url) as run:
        again = run.report()
        assert (again.jobs, again.tokens, again.ledger.paid) == (found.jobs, found.tokens, found.ledger.paid)


async def test_a_coordinator_outlives_its_database(
    place: PostgresPlace, server: PrivatePostgres, tmp_path: Path
) -> None:
    """While it is away, requests are refused with a sentence; then they are served again."""
    async with running(tmp_path, store_at=place.url) as run:
        await run.node()
        assert (await run.chat()).status_code == 200
        await run.settled(1)
        server.kill()
        refused = await run.chat()
        assert refused.status_code == 503
        assert "cannot book anything at the moment" in refused.json()["error"]["message"]
        await asyncio.to_thread(server.start)
        while not await works(run.coordinator.parts.store):
            await asyncio.sleep(0.05)
        await run.node("one that dials again")
        assert (await run.chat()).status_code == 200
        await run.settled(2)


def test_a_report_on_what_is_no_coordinators_database_says_so(place: PostgresPlace) -> None:
    with pytest.raises(StoreError, match="could not be read"):
        report(place.url)


def test_without_asyncpg_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StoreError, match=r"\.venv/bin/python -m pip install -e '\.\[cluster\]'"):
        open_store("postgres://quarterdeck@/anywhere")
    with pytest.raises(StoreError, match="none of a database"):
        open_store("mysql://somewhere")


def test_what_never_leaves_sqlite_never_imports_asyncpg() -> None:
    code = "import sys, console.coordinator.__main__; print('asyncpg' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_a_machine_without_postgresql_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(private_postgres, "_DEBIAN", tmp_path)
    monkeypatch.setattr(private_postgres.shutil, "which", lambda name: None)
    with pytest.raises(StoreError, match="apt-get install postgresql"):
        PrivatePostgres()
