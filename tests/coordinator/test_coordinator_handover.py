"""One coordinator after the other: what a start, a stop and a loss leave to the next."""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path

import pytest
from coordinator_harness import CONFIG, GROUP, MODEL, running
from doubles.engine_double import ScriptedEngine

from console.coordinator.app import Coordinator
from console.coordinator.building import build
from console.coordinator.clock import SystemClock
from console.coordinator.ownership import Ownership
from console.coordinator.settings import Served
from console.coordinator.store.schema import DATABASE
from console.coordinator.store.sqlite import SqliteStore
from console.coordinator.transport.port import Serve, TransportError

LEASE_S = 1.0


class Slow:
    """A transport that takes its time, or fails."""

    def __init__(self, start_s: float, error: Exception | None = None) -> None:
        self.start_s, self.error = start_s, error
        self.closed = asyncio.Event()

    async def connect(self) -> None: ...

    async def start(self, serve: Serve, token: int) -> None:
        await asyncio.sleep(self.start_s)
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        self.closed.set()


def coordinator_in(home: Path, transport: Slow) -> Coordinator:
    app = build(
        home, CONFIG, Served(MODEL, GROUP), ScriptedEngine(), SystemClock(), secrets.token_bytes, None
    )
    made: Coordinator = app.state.coordinator
    made._transport = transport
    made.ownership = Ownership(made.parts.store, made.parts.clock, "one", GROUP, MODEL, LEASE_S)
    return made


async def test_a_start_that_takes_longer_than_a_lease_is_not_taken_over_from(tmp_path: Path) -> None:
    starting = coordinator_in(tmp_path, Slow(2.5 * LEASE_S))
    other = SqliteStore(tmp_path / DATABASE)
    start = asyncio.create_task(starting.start())
    while not starting.ownership.token:
        await asyncio.sleep(0.01)
    waiting = asyncio.create_task(
        Ownership(other, SystemClock(), "two", GROUP, MODEL, LEASE_S).take("", waits=True)
    )
    await start
    assert not waiting.done()
    await starting.wind_up()
    await asyncio.wait_for(waiting, 10)
    await starting.close()
    other.close()


async def test_a_start_that_fails_lets_go(tmp_path: Path) -> None:
    failing = coordinator_in(tmp_path, Slow(0, TransportError("no way")))
    with pytest.raises(TransportError):
        await failing.start()
    other = SqliteStore(tmp_path / DATABASE)
    async with asyncio.timeout(LEASE_S / 2):
        await Ownership(other, SystemClock(), "two", GROUP, MODEL, LEASE_S).take("")
    await failing.close()
    other.close()


async def test_a_stop_is_quiet_and_done_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    transport = Slow(0)
    stopping = coordinator_in(tmp_path, transport)
    await stopping.start()
    await stopping.wind_up()
    assert transport.closed.is_set(), "before another one takes over"
    other = SqliteStore(tmp_path / DATABASE)
    await Ownership(other, SystemClock(), "two", GROUP, MODEL, LEASE_S).take("")
    with caplog.at_level(logging.WARNING):
        await stopping.wind_up()
        await stopping.close()
    assert caplog.text == ""
    other.close()


async def test_a_request_that_comes_as_the_coordinator_stops_holds_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.node()
        await run.coordinator.wind_up()
        answer = await run.chat()
        assert answer.status_code in (429, 503)
        found = run.report()
    assert (found.jobs.open, found.ledger.held) == (0, 0)


async def test_who_has_lost_the_database_falls_silent(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        transport = Slow(0)
        run.coordinator._transport = transport
        run.coordinator.lost.set()
        await asyncio.wait_for(transport.closed.wait(), 5)
