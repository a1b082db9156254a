"""What every `Store` must keep, whatever fails: run over each adapter, against its real database."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_contract import ADAPTERS, Place, place_of

from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.store import (
    AuditRow,
    ConflictError,
    IdempotencyRow,
    NodeRow,
    OutOfTurnError,
    OverdrawnError,
    OwnerRow,
    StatementRow,
    Store,
    StoreError,
    TicketRow,
    Track,
    Unit,
)
from console.ledger import OUTSIDE, client, deposit, escrow, hold, node_bond, node_pending, refund
from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId
from console.protocol.transcript import Commitment, SignedRoster
from console.protocol.types import Balances, Policy, Receipt, Transaction, Verdict

NODE = NodeId("aa" * 32)
MANY = 64
COMMITMENT = Commitment(1, "root", "", 1, Policy(), "signature")
OWNER = OwnerRow(1, "holder", 0, "http://here", "22" * 32, "toy")
SLOT = SignedRoster(GroupId("22" * 32), 7, "root", 1, 1, "signature")


@pytest.fixture(params=ADAPTERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(request.param, tmp_path, lambda: request.getfixturevalue("postgres"))


@pytest.fixture
async def store(place: Place) -> AsyncIterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


def job(number: int = 1) -> Job:
    return Job(JobId(f"{number:032x}"), "ann", GroupId("22" * 32), 5, 10, 1)


def ticket(k: int, number: int = 1) -> TicketRow:
    return TicketRow(1, k, f"j{number}", 1, "root", 1, "request", "s", f"chain{k}", 1)


async def all_of(store: Store, works: list[Callable[[Unit], Any]]) -> list[Any]:
    """Every unit at once; results and exceptions in order."""
    return await asyncio.gather(*map(store.transact, works), return_exceptions=True)


def begin(unit: Unit) -> None:
    """What a coordinator does at its start."""
    unit.take_over(OWNER, None)
    unit.open_epoch(COMMITMENT, b"s")


async def fund(store: Store, amount: int = 1_000) -> None:
    await store.transact(lambda unit: unit.book(deposit("ann", client("ann"), amount, 1)))


def whole_life(unit: Unit, number: int = 2) -> list[Callable[[], Any]]:
    """Steps of every kind, in an order in which a job could take them: every row under its `number`."""
    held = jobs.hold(job(number), 10, 1)
    ticketed, node = jobs.ticket(held, 2), NodeId(f"{number:064x}")
    slot = SignedRoster(SLOT.group, number, f"root{number}", 1, 1, "signature")
    verdict = Verdict(EvidenceId(f"v{number}"), held.id, 1, node, "accepted", "replay", 1, 0, -1, "Fine.", 5)
    settled, none = Transaction(f"pay:{held.id}", 5, ()), NanoCredits(0)
    receipt = Receipt(held.id, 1, node, "accepted", 1, 1, none, none, verdict.id, settled, Balances(), "ab")
    return [
        lambda: unit.save_job(held, None),
        lambda: unit.save_idempotency(IdempotencyRow("ann", f"{number}", "body", held.id)),
        lambda: unit.spend("ann", f"{number}", 1, 10),
        lambda: unit.book(hold(held.id, "ann", 10, 1)),
        lambda: unit.sign_slot(slot, (node,)),
        lambda: unit.add_ticket(
            msgspec.structs.replace(ticket(unit.next_draw(1)[0], number), roster_root=slot.root)
        ),
        lambda: unit.save_job(ticketed, held),
        lambda: unit.add_attempt(ticketed, 3),
        lambda: unit.end_attempt(ticketed, "x", "node", 4),
        lambda: unit.add_verdict(verdict),
        lambda: unit.add_evidence(verdict, b"sealed", 9),
        lambda: unit.add_audit(AuditRow(verdict.id, 1, 2, 3, 4, 5)),
        lambda: unit.save_totals(node, b"totals", 5),
        lambda: unit.add_receipt(receipt, "leaf"),
        lambda: unit.balances(node),
        lambda: unit.track(node, 10),
        lambda: unit.post(node, b"told", 5),
        lambda: unit.save_node(NodeRow(node, "reef", "s", "m", 1, 1)),
        lambda: unit.book(refund(held.id, "ann", 10, 1)),
        lambda: unit.spend("ann", f"{number}", 1, -10),
        lambda: unit.outbox(node, 0),
        lambda: unit.outboxes({node: 0, "nobody": 0}),
        lambda: unit.add_statement(StatementRow(number, "11" * 32, b"{}", b"lines", 0)),
        lambda: unit.owner_beat(OWNER.token, number),
    ]


STEPS = len(whole_life(cast(Unit, None)))


@pytest.mark.parametrize("steps", range(STEPS + 1))
async def test_a_unit_that_fails_in_the_middle_leaves_no_trace(
    store: Store, place: Place, steps: int
) -> None:
    await fund(store)
    await store.transact(begin)
    before = place.contents()

    def broken(unit: Unit) -> None:
        for step in whole_life(unit)[:steps]:
            step()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await store.transact(broken)
    assert place.contents() == before
    await store.transact(lambda unit: [step() for step in whole_life(unit)])
    same = {name for name, rows in place.contents().items() if rows == before[name]}
    assert not same, "every table is written in a job's life"


async def test_of_units_that_are_committed_together_each_table_has_all_that_stands_and_nothing_else(
    store: Store, place: Place
) -> None:
    """Of four units one stands, one raises, one conflicts by its first write, and one by its last."""
    await fund(store)
    await store.transact(begin)

    def rows() -> Counter[str]:
        return Counter({name: len(found) for name, found in place.contents().items()})

    def live(number: int, unit: Unit) -> None:
        if number % 4 == 2:
            unit.book(deposit("ann", client("ann"), 1, 1))
        for step in whole_life(unit, number):
            step()
        if number % 4 == 1:
            raise RuntimeError
        if number % 4 == 3:
            unit.book(deposit("ann", client("ann"), 1, 1))

    before = rows()
    await store.transact(partial(live, 4))
    of_one = rows() - before
    assert set(of_one) == set(before) - {"epochs", "books", "balances", "owner"}, "these keep their rows"
    came = await all_of(store, [partial(live, number) for number in range(5, 21)])
    assert Counter(map(type, came)) == {type(None): 4, RuntimeError: 4, ConflictError: 8}
    assert rows() - before == Counter({name: 5 * count for name, count in of_one.items()})


async def test_of_many_steps_from_one_state_one_is_taken(store: Store) -> None:
    held = jobs.hold(job(), 10, 1)
    await store.transact(lambda unit: unit.save_job(held, None))
    endings = [jobs.fail(held, "nobody", f"code{n}", n) for n in range(MANY)]
    came = await all_of(store, [partial(lambda new, unit: unit.save_job(new, held), new) for new in endings])
    assert Counter(map(type, came)) == {type(None): 1, ConflictError: MANY - 1}
    assert await store.transact(lambda unit: unit.job(held.id)) == endings[came.index(None)]


async def test_of_many_bookings_under_one_id_one_stands(store: Store, place: Place) -> None:
    works = [partial(lambda unit: unit.book(deposit("d", client("ann"), 5, 1))) for _ in range(MANY)]
    came = await all_of(store, works)
    assert Counter(map(type, came)) == {type(None): 1, ConflictError: MANY - 1}
    assert place.rows("SELECT account, amount FROM balances ORDER BY 1") == [("client:ann", 5), (OUTSIDE, -5)]


async def test_many_holds_together_never_take_more_than_there_is(store: Store, place: Place) -> None:
    await fund(store, 105)
    works = [partial(lambda n, unit: unit.book(hold(f"j{n}", "ann", 10, 1)), n) for n in range(MANY)]
    came = await all_of(store, works)
    assert Counter(map(type, came)) == {type(None): 10, OverdrawnError: MANY - 10}
    assert place.rows("SELECT amount FROM balances WHERE account = 'client:ann'") == [(5,)]
    assert place.rows("SELECT count(*) FROM balances WHERE account LIKE 'escrow:%'") == [(10,)]
    assert place.rows("SELECT sum(amount) FROM postings") == [(0,)]


async def test_draw_numbers_have_no_gap_whatever_ends_the_units_that_take_them(
    store: Store, place: Place
) -> None:
    """One in three conflicts only after it took its number, one in three raises, one in three stands."""
    await store.transact(lambda unit: unit.open_epoch(COMMITMENT, b"s"))
    await store.transact(lambda unit: unit.save_job(jobs.hold(job(), 1, 1), None))
    await store.transact(lambda unit: unit.sign_slot(SLOT, (NODE,)))

    def take(number: int, unit: Unit) -> int:
        k, chain = unit.next_draw(1)
        assert chain == (f"chain{k - 1}" if k else "")
        unit.add_ticket(ticket(k, number))
        if number % 3 == 1:
            unit.save_job(jobs.hold(job(), 1, 1), None)
        if number % 3 == 2:
            raise RuntimeError
        return k

    came = await all_of(store, [partial(take, number) for number in range(60)])
    assert [k for k in came if isinstance(k, int)] == list(range(20))
    assert Counter(map(type, came)) == {int: 20, ConflictError: 20, RuntimeError: 20}
    assert place.rows("SELECT k, job FROM tickets ORDER BY k") == [(k, f"j{3 * k}") for k in range(20)]


async def test_a_draw_that_is_taken_without_a_look_must_follow_upon_the_last_one(store: Store) -> None:
    """What a unit before it in the same batch came to is not known yet when it is written."""
    await fund(store)
    await store.transact(begin)
    await store.transact(lambda unit: unit.sign_slot(SLOT, (NODE,)))

    def take(k: int, chain: str, fails: bool, unit: Unit) -> int:
        unit.take_draw(1, k, chain)
        unit.add_ticket(ticket(k, k))
        if fails:
            unit.book(hold("j", "ann", 1 << 40, 1))
        return k

    guesses = [
        (0, "", False), (1, "chain0", False), (2, "chain1", True), (3, "chain2", False), (4, "chain3", False),
        (2, "chain0", False), (2, "chain1", False), (2, "chain1", False), (3, "chain2", False),
    ]  # fmt: skip
    came = await all_of(store, [partial(take, *guess) for guess in guesses])
    kinds = [type(one) for one in came]
    late = OutOfTurnError
    assert kinds == [int, int, OverdrawnError, late, late, late, int, late, int]
    assert (await store.transact(lambda unit: unit.next_draw(1))) == (4, "chain3")


async def test_messages_are_posted_in_the_order_of_their_units(store: Store) -> None:
    bodies = [str(n).encode() for n in range(MANY)]
    await all_of(store, [partial(lambda body, unit: unit.post(NODE, body, 1), body) for body in bodies])
    rows = await store.transact(lambda unit: unit.outbox(NODE, 0))
    assert [row.body for row in rows] == bodies
    assert [row.id for row in rows] == sorted({row.id for row in rows})
    await store.transact(lambda unit: unit.delivered(tuple(row.id for row in rows[::2])))
    left = await store.transact(lambda unit: unit.outbox(NODE, 0))
    assert [row.body for row in left] == bodies[1::2]


async def test_the_outboxes_of_many_nodes_are_read_as_one_after_the_other_would_be(store: Store) -> None:
    nodes = [f"n{number}" for number in range(19)]
    posted = [(node, f"{node}.{turn}".encode()) for turn in range(3) for node in nodes[1:]]
    await all_of(store, [partial(lambda one, unit: unit.post(*one, 1), one) for one in posted])
    alone = {node: await store.transact(partial(lambda n, unit: unit.outbox(n, 0), node)) for node in nodes}
    assert [row.body for row in alone["n18"]] == [b"n18.0", b"n18.1", b"n18.2"] and not alone["n0"]
    assert await store.transact(lambda unit: unit.outboxes(dict.fromkeys(nodes, 0))) == alone
    after = {node: rows[0].id for node, rows in alone.items() if rows}
    later = await store.transact(lambda unit: unit.outboxes(after))
    assert later == {node: rows[1:] for node, rows in alone.items() if rows}
    for few in (1, 2, 16, 17):
        asked = dict.fromkeys(nodes[:few], 0)
        found = await store.transact(partial(lambda asked, unit: unit.outboxes(asked), asked))
        assert found == {node: alone[node] for node in asked}


async def test_a_track_counts_from_when_probation_began_and_to_its_limit(store: Store) -> None:
    await fund(store)
    await store.transact(begin)

    def judged(unit: Unit, number: int, node: str, outcome: str, at_ms: int) -> None:
        unit.save_job(jobs.hold(job(number), 1, 1), None)
        told = (1, NodeId(node), outcome, "replay", 1, 0, -1, "Fine.", at_ms)
        unit.add_verdict(Verdict(EvidenceId(f"v{number}"), job(number).id, *told))  # type: ignore[arg-type]

    def all_at_once(unit: Unit) -> list[Any]:
        before = unit.track(NODE, 10)
        for number, at_ms in enumerate((5, 6, 7, 8)):
            judged(unit, number, NODE, "accepted", at_ms)
        judged(unit, 4, NODE, "rejected", 9)
        judged(unit, 5, "other", "accepted", 9)
        unit.book(deposit("one", node_bond(NODE), 30, 1))
        unit.book(deposit("two", node_pending(NODE), 20, 1))
        everything = unit.track(NODE, 10)
        unit.save_node(NodeRow(NODE, "reef", "s", "m", 1, 1, 6))
        return [before, everything, unit.track(NODE, 10), unit.track(NODE, 2)]

    before, everything, since, limited = await store.transact(all_at_once)
    assert before == Track(0, Balances()) and everything == Track(
        4, Balances(NanoCredits(20), NanoCredits(0), NanoCredits(30))
    )
    assert (since.accepted, limited.accepted) == (3, 2)
    assert await store.transact(lambda unit: unit.track(NODE, 10)) == since


async def test_what_stood_stands_after_reopening(place: Place) -> None:
    first = place.open()
    await fund(first, 7)
    await first.transact(lambda unit: unit.post(NODE, b"told", 1))
    first.close()
    first.close()
    with pytest.raises(StoreError, match="closed"):
        await first.transact(lambda unit: None)
    again = place.open()
    assert await again.transact(lambda unit: unit.balance(client("ann"))) == 7
    await again.transact(lambda unit: unit.post(NODE, b"more", 1))
    rows = await again.transact(lambda unit: unit.outbox(NODE, 0))
    assert [row.body for row in rows] == [b"told", b"more"]
    again.close()


async def test_units_that_are_committed_together_keep_their_own_ends(store: Store, place: Place) -> None:
    await fund(store, 10_000)

    def work(number: int, unit: Unit) -> int:
        unit.save_job(jobs.hold(job(number), 10, 1), None)
        unit.book(hold(job(number).id, "ann", 10 if number % 4 != 1 else 1_000_000, 1))
        unit.post(NODE, str(number).encode(), 1)
        if number % 4 == 2:
            raise KeyError(number)
        if number % 4 == 3:
            unit.add_attempt(job(number + 1000), 1)  # of a job that is nowhere
        return number

    came = await all_of(store, [partial(work, number) for number in range(MANY)])
    kept = [number for number in range(MANY) if number % 4 == 0]
    assert [value for value in came if isinstance(value, int)] == kept
    assert all(isinstance(came[n], OverdrawnError) for n in range(1, MANY, 4))
    assert [came[n].args for n in range(2, MANY, 4)] == [(n,) for n in range(2, MANY, 4)]
    assert all(isinstance(came[n], ConflictError) for n in range(3, MANY, 4))
    assert place.rows("SELECT id FROM jobs ORDER BY 1") == [(job(n).id,) for n in kept]
    assert [int(body) for (body,) in place.rows("SELECT body FROM outbox ORDER BY id")] == kept
    assert place.rows("SELECT count(*) FROM transactions") == [(len(kept) + 1,)]


async def test_a_caller_that_leaves_does_not_undo_its_unit(store: Store) -> None:
    waiting = asyncio.create_task(store.transact(lambda unit: unit.post(NODE, b"told", 1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    rows = await store.transact(lambda unit: unit.outbox(NODE, 0))
    assert [row.body for row in rows] == [b"told"]


async def test_a_conflict_that_is_caught_undoes_the_unit_all_the_same(store: Store) -> None:
    await fund(store, 10)

    def stubborn(unit: Unit) -> str:
        unit.post(NODE, b"lost", 1)
        with contextlib.suppress(OverdrawnError):
            unit.book(hold("j", "ann", 11, 1))
        with contextlib.suppress(OverdrawnError):
            assert unit.balance(escrow("j")) == 0
        return "stands"

    with pytest.raises(OverdrawnError):
        await store.transact(stubborn)
    assert await store.transact(lambda unit: unit.outbox(NODE, 0)) == []


async def test_a_unit_sees_what_it_and_those_before_it_did(store: Store) -> None:
    await fund(store, 1_000)
    seen = []

    def work(number: int, unit: Unit) -> None:
        start = unit.balance(client("ann"))
        unit.book(hold(f"j{number}", "ann", 1, 1))
        unit.save_totals(NODE, str(number).encode(), 1)
        held = unit.booked(f"hold:j{number}"), unit.balance(escrow(f"j{number}")), unit.totals(NODE)
        seen.append((start - unit.balance(client("ann")), start, held))

    await all_of(store, [partial(work, number) for number in range(20)])
    assert seen == [(1, 1_000 - n, (True, 1, str(n).encode())) for n in range(20)]


async def test_two_stores_on_one_database_share_numbers_and_money(place: Place) -> None:
    """Units of both follow one another, and none fails for the other's sake."""
    stores = [place.open(), place.open()]
    await fund(stores[0], 505)
    await stores[1].transact(lambda unit: unit.open_epoch(COMMITMENT, b"s"))
    await stores[0].transact(lambda unit: unit.sign_slot(SLOT, (NODE,)))

    def take(number: int, unit: Unit) -> int:
        k, _ = unit.next_draw(1)
        unit.add_ticket(ticket(k, number))
        unit.book(hold(f"j{number}", "ann", 10, 1))
        unit.book(deposit(f"x{number}", node_bond(NODE), 1, 1))
        return k

    works = [stores[n % 2].transact(partial(take, n)) for n in range(2 * MANY)]
    came = await asyncio.gather(*works, return_exceptions=True)
    assert sorted(k for k in came if isinstance(k, int)) == list(range(50))
    assert Counter(map(type, came)) == {int: 50, OverdrawnError: 2 * MANY - 50}
    for one in stores:
        assert await one.transact(lambda unit: unit.balances(NODE).bond) == 50
        one.close()


TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXTS, machine=TEXTS, body=st.binary(max_size=40), at=st.integers(0, (1 << 63) - 1))
async def test_text_bytes_and_numbers_come_back_as_they_were(
    store: Store, name: str, machine: str, body: bytes, at: int
) -> None:
    row = NodeRow(NODE, name, "'; DROP TABLE nodes; --\\", machine, at, at)

    def work(unit: Unit) -> None:
        unit.save_node(row)
        unit.save_totals(NODE, body, at)

    await store.transact(work)
    assert await store.transact(lambda unit: (unit.node(NODE), unit.totals(NODE))) == (row, body)


async def test_half_a_surrogate_pair_fails_its_unit_alone(store: Store) -> None:
    row = NodeRow(NODE, "reef", "s", "m", 1, 1)
    bad = msgspec.structs.replace(row, name="\ud800")
    works: list[Callable[[Unit], Any]] = [
        lambda unit: unit.post(NODE, b"a", 1),
        lambda unit: unit.save_node(bad),
        lambda unit: unit.post(NODE, b"b", 1),
    ]
    came = await all_of(store, works)
    assert isinstance(came[1], ValueError)
    rows = await store.transact(lambda unit: unit.outbox(NODE, 0))
    assert [row.body for row in rows] == [b"a", b"b"]
