"""What a job costs the coordinator's database: every unit of its life, 64 jobs at a time, on each adapter.

The units are those of a job whose steps come one by one: request and hold, ticket with assignment, three
steps, settlement with verdict, receipt, evidence and messages. Both databases flush to disk at every commit.
Nothing else of a coordinator runs, so this bounds what one can settle; it is not what one settles.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benches.rows import Row
from console.coordinator.audits.audits import NOT_AUDITED, Judged
from console.coordinator.clock import SystemClock
from console.coordinator.dispatch.settle import accept, open_job
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.parts import Parts
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.store import AuditRow, NodeRow, Store, StoreError, TicketRow, Unit
from console.coordinator.store.postgres import PostgresStore
from console.coordinator.store.private_postgres import PrivatePostgres
from console.coordinator.store.sqlite import SqliteStore
from console.ledger import client, deposit
from console.protocol.ids import EvidenceId, GroupId, JobId, NodeId
from console.protocol.keys import SigningKey
from console.protocol.transcript import Commitment, SignedRoster
from console.protocol.types import Policy, Verdict

IN_FLIGHT = 64
UNITS = 6
_JOBS = 1_000
_NODES = tuple(NodeId(hashlib.sha256(bytes([i])).hexdigest()) for i in range(100))
_ROSTER = hashlib.sha256(b"roster").hexdigest()


def measure(parts: frozenset[str] = frozenset({"sqlite", "postgres"}), count: int = _JOBS) -> list[Row]:
    """Jobs and units per second of either, and the round trips that PostgreSQL takes.

    Raises RuntimeError: PostgreSQL is not here.
    """
    rows: list[Row] = []
    if "sqlite" in parts:
        with tempfile.TemporaryDirectory() as folder:
            rows += _rows("SQLite", lambda: SqliteStore(Path(folder) / "c.sqlite"), count)
    if "postgres" in parts:
        server = _server()
        try:
            server.start()
            rows += _rows("PostgreSQL", lambda: PostgresStore(server.create("bench")), count)
        finally:
            server.close()
    return rows


def _server() -> PrivatePostgres:
    try:
        return PrivatePostgres()
    except StoreError as error:
        raise RuntimeError(str(error)) from error


def _rows(name: str, opened: Callable[[], Store], count: int) -> list[Row]:
    store = opened()
    try:
        taken_s, trips = asyncio.run(_run(store, count))
    finally:
        store.close()
    rows = [
        Row(f"{name}: jobs", count / taken_s, "/s"),
        Row(f"{name}: units", UNITS * count / taken_s, "/s"),
    ]
    if trips:
        rows.append(Row(f"{name}: round trips of a unit", trips / (UNITS * count), ""))
    return rows


async def _run(store: Store, count: int) -> tuple[float, int]:
    parts = Parts(
        CoordinatorConfig(policy=Policy()), Served("toy", GroupId("00" * 32)), SigningKey(bytes(32)),
        Secrets(bytes(32)), store, SystemClock(), secrets.token_bytes,
    )  # fmt: skip
    await store.transact(_prepare)
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await _life(parts, number)

    before, started_s = getattr(store, "trips", 0), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return time.perf_counter() - started_s, getattr(store, "trips", 0) - before


def _prepare(unit: Unit) -> None:
    unit.book(deposit("ann", client("ann"), 1 << 50, 1))
    unit.open_epoch(Commitment(1, "root", "", 1, Policy(), "s" * 128), b"sealed")
    unit.sign_slot(SignedRoster(GroupId("00" * 32), 7, _ROSTER, len(_NODES), 1, "s" * 128), _NODES)
    for node in _NODES:
        unit.save_node(NodeRow(node, "n", "s", "m", 1, 1))


async def _life(parts: Parts, number: int) -> None:
    """Each `transact` is one of `UNITS`."""
    transact, node = parts.store.transact, _NODES[secrets.randbelow(len(_NODES))]
    fresh = Job(JobId(secrets.token_hex(16)), "ann", GroupId("00" * 32), 200, 200, 1)
    held = await transact(lambda unit: open_job(unit, parts, fresh))
    now = await transact(partial(_draw, held, node))
    for step in (jobs.ack, jobs.run, partial(jobs.take_result, tokens=200)):
        now = await transact(partial(_step, now, step))
    verdict = Verdict(
        EvidenceId(secrets.token_hex(16)), now.id, 1, node, "accepted", "replay", 200, 0, -1, "Fine.", number
    )  # fmt: skip
    judged = Judged(verdict, AuditRow(verdict.id, 100_000, 1, 1, 1, 1), NOT_AUDITED)
    await transact(lambda unit: accept(unit, parts, now, now, judged, unit.balances(node), b"sealed" * 200))


def _draw(held: Job, node: NodeId, unit: Unit) -> Job:
    k, chain = unit.next_draw(1)
    given = jobs.assign(jobs.ticket(held, 1), node, 1)
    linked = hashlib.sha256(chain.encode()).hexdigest()
    unit.add_ticket(TicketRow(1, k, held.id, 1, _ROSTER, len(_NODES), "request", "s" * 128, linked, 1))
    unit.save_job(given, held)
    unit.add_attempt(given, 1)
    return given


def _step(was: Job, step: Callable[..., Job], unit: Unit) -> Job:
    new = step(was, was.node, was.fence, at_ms=1)
    unit.save_job(new, was)
    return new
