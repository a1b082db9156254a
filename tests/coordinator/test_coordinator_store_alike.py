"""Random units in random batches, on both databases: each unit ends alike, and the same rows are left."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_contract import TABLES, Place, PostgresPlace, SqlitePlace

from console.coordinator import jobs
from console.coordinator.jobs import Job
from console.coordinator.store import ConflictError, NodeRow, OverdrawnError, Store, TicketRow, Unit
from console.coordinator.store.private_postgres import PrivatePostgres
from console.ledger import client, deposit, escrow, hold, node_bond, refund
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.transcript import Commitment, SignedRoster
from console.protocol.types import Policy

Step = tuple[str, int, int]


def move(unit: Unit, one: int, other: int) -> Any:
    was = unit.job(job(one))
    if was is not None and was.state not in jobs.FINAL:
        unit.save_job(jobs.fail(was, "nobody", f"{other}", 1), was)
    return was


def draw(unit: Unit, one: int, other: int) -> Any:
    k, chain = unit.next_draw(1)
    unit.add_ticket(TicketRow(1, k, job(one), other, "root", 1, "request", "s", f"{k}", 1))
    return k, chain


def know(unit: Unit, one: int, other: int) -> Any:
    unit.save_node(NodeRow(f"n{one}", f"{other}", "s", "m", 1, other))
    return unit.node(f"n{other}")


def add_up(unit: Unit, one: int, other: int) -> Any:
    before = unit.totals(f"n{one}")
    unit.save_totals(f"n{one}", bytes([other]), 1)
    return before


def look(unit: Unit, one: int, other: int) -> Any:
    rows = [row.body for row in unit.outbox(f"n{one}", 0)]
    held = unit.balance(escrow(job(one))), unit.balances(f"{other}"), unit.balance(client("ann"))
    return rows, held, unit.booked(f"hold:{job(one)}"), len(unit.open_jobs()), unit.nodes_with_pending()


def catch(unit: Unit, one: int, other: int) -> Any:
    with contextlib.suppress(OverdrawnError, ConflictError):
        unit.book(hold(job(one), "ann", 1000, 1))
        unit.balance(client("ann"))


def fail(unit: Unit, one: int, other: int) -> Any:
    raise KeyError(one)


def job(number: int) -> JobId:
    return JobId(f"{number:032x}")


KINDS: dict[str, Callable[[Unit, int, int], Any]] = {
    "deposit": lambda unit, one, other: unit.book(deposit(f"{one}", node_bond(f"{other}"), 1 + other, 1)),
    "hold": lambda unit, one, other: unit.book(hold(job(one), "ann", 5 + other, 1)),
    "refund": lambda unit, one, other: unit.book(refund(job(one), "ann", 5 + other, 1)),
    "open": lambda unit, one, other: unit.save_job(
        jobs.hold(Job(job(one), "ann", GroupId("g"), 1, 1, 1), other, 1), None
    ),
    "post": lambda unit, one, other: unit.post(f"n{one}", bytes([other]), 1),
    "move": move, "draw": draw, "know": know, "add_up": add_up, "look": look, "catch": catch, "fail": fail,
}  # fmt: skip
STEPS = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 3), st.integers(0, 3))
BATCHES = st.lists(st.lists(st.lists(STEPS, max_size=5), max_size=8), min_size=1, max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
async def test_both_databases_end_every_unit_alike(
    postgres: PrivatePostgres, batches: list[list[list[Step]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        places: list[Place] = [SqlitePlace(Path(folder)), emptied(postgres)]
        told = [await lived(place, batches) for place in places]
    assert told[0] == told[1]


@functools.cache
def shared(postgres: PrivatePostgres) -> PostgresPlace:
    return PostgresPlace(postgres)


def emptied(postgres: PrivatePostgres) -> PostgresPlace:
    """A fresh schema for every example would take a second each."""
    place = shared(postgres)
    place.empty()
    return place


async def lived(place: Place, batches: list[list[list[Step]]]) -> tuple[list[Any], dict[str, Any]]:
    """How each unit ended, and what is left; the outbox's numbers may have gaps, so its order stands."""
    store = place.open()
    try:
        await store.transact(prepare)
        ends = [await batch(store, units) for units in batches]
        left = {name: sorted(place.rows(f"SELECT * FROM {name}")) for name in TABLES if name != "outbox"}
        return ends, left | {"outbox": place.rows("SELECT node, body FROM outbox ORDER BY id")}
    finally:
        store.close()


async def batch(store: Store, units: list[list[Step]]) -> list[Any]:
    works = [partial(carry_out, steps) for steps in units]
    came = await asyncio.gather(*map(store.transact, works), return_exceptions=True)
    return [ended(end, steps) for end, steps in zip(came, units, strict=True)]


def carry_out(steps: list[Step], unit: Unit) -> list[Any]:
    return [KINDS[name](unit, one, other) for name, one, other in steps]


def ended(end: Any, steps: list[Step]) -> Any:
    """Of two failures in one unit, PostgreSQL may hear of the second first: a conflict is found later."""
    if any(name == "fail" for name, *_ in steps):
        return isinstance(end, Exception)
    return type(end).__name__ if isinstance(end, Exception) else end


def prepare(unit: Unit) -> None:
    unit.open_epoch(Commitment(1, "root", "", 1, Policy(), "s"), b"sealed")
    unit.sign_slot(SignedRoster(GroupId("g"), 1, "root", 1, 1, "s"), (NodeId("n"),))
    unit.book(deposit("start", client("ann"), 20, 1))
