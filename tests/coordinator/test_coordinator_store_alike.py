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

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_contract import Place, PostgresPlace, SqlitePlace

from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.store import (
    AuditRow,
    ConflictError,
    IdempotencyRow,
    NodeRow,
    OverdrawnError,
    StatementRow,
    Store,
    TicketRow,
    Unit,
)
from console.coordinator.store.private_postgres import PrivatePostgres
from console.ledger import client, deposit, escrow, hold, node_bond, refund
from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId
from console.protocol.transcript import Closing, Commitment, SignedRoster
from console.protocol.types import Balances, Policy, Receipt, Transaction, Verdict

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
    unit.save_node(NodeRow(f"n{one}", f"{other}", "s", "m", 1, other, other))
    return unit.node(f"n{other}")


def add_up(unit: Unit, one: int, other: int) -> Any:
    before = unit.totals(f"n{one}")
    unit.save_totals(f"n{one}", bytes([other]), 1)
    return before


def look(unit: Unit, one: int, other: int) -> Any:
    rows = [row.body for row in unit.outbox(f"n{one}", 0)]
    held = unit.balance(escrow(job(one))), unit.balances(f"n{other}"), unit.balance(client("ann"))
    return rows, held, unit.booked(f"hold:{job(one)}"), len(unit.open_jobs()), unit.nodes_with_pending()


def track(unit: Unit, one: int, other: int) -> Any:
    """Of nodes of which there may be nothing."""
    found = unit.outboxes({f"n{number}": 0 for number in range(one, 4)})
    waiting = {node: [row.body for row in rows] for node, rows in found.items()}
    return unit.track(f"n{one}", 1 + other), waiting


def catch(unit: Unit, one: int, other: int) -> Any:
    with contextlib.suppress(OverdrawnError, ConflictError):
        unit.book(hold(job(one), "ann", 1000, 1))
        unit.balance(client("ann"))


def fail(unit: Unit, one: int, other: int) -> Any:
    raise KeyError(one)


def attempt(unit: Unit, one: int, other: int) -> Any:
    """Of a job that may not be there."""
    of = msgspec.structs.replace(made(one), attempt=other)
    unit.add_attempt(of, 1)
    unit.end_attempt(of, "x", "node", 2)


def judge(unit: Unit, one: int, other: int) -> Any:
    """Of a job that may not be there."""
    name, mode, node = f"v{one}.{other}", "replay", NodeId(f"n{other}")
    verdict = Verdict(EvidenceId(name), job(one), other, node, "accepted", mode, 1, 0, -1, "Fine.", 1 + one)
    unit.add_verdict(verdict)
    unit.add_evidence(verdict, bytes(other), one)
    unit.add_audit(AuditRow(name, 1, 2, 3, 4, 5))
    return unit.judged(job(one), other, node), unit.verdicts(node, "accepted", 0, 9)


def forget(unit: Unit, one: int, other: int) -> Any:
    return unit.forget_evidence(one), unit.trim_evidence(other, 3)


def repeat(unit: Unit, one: int, other: int) -> Any:
    """Of a job that may not be there."""
    before = unit.idempotency("ann", f"{one}")
    unit.save_idempotency(IdempotencyRow("ann", f"{one}", "body", job(other)))
    return before


def spend(unit: Unit, one: int, other: int) -> Any:
    """Or get something back, which may never have been spent."""
    unit.spend("ann", f"{one}", 1, 3 * other - 2)
    return unit.spent("ann", None, 1), unit.spent("ann", f"{one}", other)


def settle(unit: Unit, one: int, other: int) -> Any:
    booked, none, verdict = Transaction(f"pay:{job(one)}", 1, ()), NanoCredits(0), EvidenceId("v")
    unit.add_receipt(
        Receipt(job(one), other, NodeId("n"), "accepted", 1, 1, none, none, verdict, booked, Balances(), ""),
        f"leaf{one}",
    )


def state(unit: Unit, one: int, other: int) -> Any:
    epoch = unit.books()
    told = unit.movements(), unit.held(), unit.receipt_rows(epoch), unit.statement_digests(epoch)
    unit.add_statement(StatementRow(epoch + (one == 0), f"{other}", b"{}", b"lines", other))
    unit.forget_lines(epoch - 1)
    return epoch, told, unit.statement(epoch - 1)


def sign(unit: Unit, one: int, other: int) -> Any:
    unit.sign_slot(SignedRoster(GroupId("g"), one, f"r{other}", 2, 1, "s"), (NodeId("a"), NodeId("b")))
    return unit.last_slot(), unit.slot_signed(other)


def close(unit: Unit, one: int, other: int) -> Any:
    unit.close_epoch(Closing(1, f"{one}", other, "t", 2, "s"))
    return unit.sealed_secrets(), unit.last_stamp()


def job(number: int) -> JobId:
    return JobId(f"{number:032x}")


def made(number: int) -> Job:
    return Job(job(number), "ann", GroupId("g"), 1, 1, 1)


KINDS: dict[str, Callable[[Unit, int, int], Any]] = {
    "deposit": lambda unit, one, other: unit.book(deposit(f"{one}", node_bond(f"n{other}"), 1 + other, 1)),
    "hold": lambda unit, one, other: unit.book(hold(job(one), "ann", 5 + other, 1)),
    "refund": lambda unit, one, other: unit.book(refund(job(one), "ann", 5 + other, 1)),
    "open": lambda unit, one, other: unit.save_job(jobs.hold(made(one), other, 1), None),
    "post": lambda unit, one, other: unit.post(f"n{one}", bytes([other]), 1),
    "move": move, "draw": draw, "know": know, "add_up": add_up, "look": look, "catch": catch, "fail": fail,
    "attempt": attempt, "judge": judge, "forget": forget, "repeat": repeat, "spend": spend,
    "settle": settle, "state": state, "sign": sign, "close": close, "track": track,
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
        return ends, place.contents() | {"outbox": place.rows("SELECT node, body FROM outbox ORDER BY id")}
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
    for number in range(3):
        unit.save_job(jobs.hold(made(number), 1, 1), None)
