"""The contract of `Store`, run on every adapter there is."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from store_contract import ADAPTERS, place_of

from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.store import (
    AuditRow,
    ConflictError,
    IdempotencyRow,
    Movement,
    NodeRow,
    OverdrawnError,
    ReceiptRow,
    StatementRow,
    Store,
    StoreError,
    TicketRow,
    Unit,
)
from console.coordinator.store.reading import epochs
from console.coordinator.store.sqlite import SqliteStore, connect
from console.ledger import OUTSIDE, client, deposit, escrow, hold
from console.protocol.frames import receipt_bytes, ticket_bytes
from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId
from console.protocol.statements import receipt_leaf
from console.protocol.transcript import Commitment, SignedRoster, excluded_digest
from console.protocol.types import (
    Balances,
    Exclusion,
    Policy,
    Receipt,
    Statistic,
    Ticket,
    Transaction,
    Verdict,
)

NODE = NodeId("aa" * 32)


@pytest.fixture(params=ADAPTERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made = place_of(request.param, tmp_path, lambda: request.getfixturevalue("postgres")).open()
    yield made
    made.close()


COMMITMENT = Commitment(1, "root", "", 1, Policy(), "signature")


def job(name: str = "11" * 16) -> Job:
    return Job(JobId(name), "ann", GroupId("22" * 32), 5, 10, 1)


async def test_a_job_changes_only_from_the_state_and_fence_that_were_seen(store: Store) -> None:
    first = jobs.hold(job(), 10, 1)
    ticketed = jobs.ticket(first, 2)
    await store.transact(lambda unit: unit.save_job(first, None))
    await store.transact(lambda unit: unit.save_job(ticketed, first))
    for stale in (first, jobs.ticket(ticketed, 3)):
        with pytest.raises(ConflictError):
            await store.transact(
                lambda unit, stale=stale: unit.save_job(jobs.fail(ticketed, "nobody", "x", 4), stale)
            )
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.save_job(first, None))
    assert await store.transact(lambda unit: unit.job(first.id)) == ticketed
    assert await store.transact(lambda unit: unit.open_jobs()) == [ticketed]


async def test_a_transaction_is_booked_once_and_nobody_is_overdrawn(store: Store) -> None:
    await store.transact(lambda unit: unit.book(deposit("d", client("ann"), 100, 1)))
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.book(deposit("d", client("ann"), 100, 1)))
    with pytest.raises(OverdrawnError):
        await store.transact(lambda unit: unit.book(hold("j", "ann", 101, 1)))
    await store.transact(lambda unit: unit.book(hold("j", "ann", 60, 1)))
    with pytest.raises(OverdrawnError):
        await store.transact(lambda unit: unit.book(hold("k", "ann", 60, 1)))
    balances = await store.transact(
        lambda unit: [unit.balance(a) for a in (client("ann"), escrow("j"), escrow("k"), OUTSIDE)]
    )
    assert balances == [40, 60, 0, -100]
    assert not await store.transact(lambda unit: unit.booked("hold:k"))


async def test_what_a_failing_unit_did_is_undone_and_its_neighbours_stand(store: Store) -> None:
    def half(unit: Unit) -> None:
        unit.book(deposit("lost", client("ann"), 5, 1))
        unit.save_job(jobs.hold(job(), 5, 1), None)
        raise RuntimeError("in the middle")

    works = [
        store.transact(lambda unit: unit.book(deposit("a", client("ann"), 1, 1))),
        store.transact(half),
        store.transact(lambda unit: unit.book(deposit("b", client("ann"), 2, 1))),
    ]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert isinstance(results[1], RuntimeError)
    assert await store.transact(lambda unit: unit.balance(client("ann"))) == 3
    assert await store.transact(lambda unit: unit.job(job().id)) is None


async def test_draw_numbers_have_no_gap_even_when_units_fail(store: Store) -> None:
    await store.transact(lambda unit: unit.open_epoch(COMMITMENT, b"sealed"))

    def take(unit: Unit, fails: bool) -> int:
        k, _ = unit.next_draw(1)
        if fails:
            raise RuntimeError
        return k

    works = [store.transact(lambda unit, i=i: take(unit, i % 3 == 1)) for i in range(30)]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert [k for k in results if isinstance(k, int)] == list(range(20))


async def test_tickets_are_over_a_signed_roster_and_are_filled_later(store: Store) -> None:
    await store.transact(lambda unit: unit.open_epoch(COMMITMENT, b"sealed"))
    signed = SignedRoster(GroupId("g"), 7, "r", 2, 1, "s")
    left_out = (Exclusion(1, "tried"),)
    row = TicketRow(
        1, 0, "j", 1, "r", 2, "request", "s", "c", 1, slot=7, chances=1, excluded=left_out, need=9
    )
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.add_ticket(row))
    await store.transact(lambda unit: unit.sign_slot(signed, (NodeId("a"), NodeId("b"))))
    assert await store.transact(lambda unit: [unit.slot_signed(slot) for slot in (6, 7)]) == [False, True]
    assert await store.transact(lambda unit: unit.last_slot()) == 7
    await store.transact(lambda unit: unit.add_ticket(row))
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.add_ticket(row))
    assert (await store.transact(lambda unit: unit.next_draw(1)))[1] == "c"
    filled = msgspec.structs.replace(row, seed="5e", nonce="0e", pick=0, node="a")
    await store.transact(lambda unit: unit.fill_ticket(filled))
    (draw,) = await store.transact(lambda unit: unit.draws(1))
    assert (draw.ticket.slot, draw.ticket.chances, draw.excluded, draw.need) == (7, 1, left_out, 9)
    assert (draw.ticket.excluded, draw.seed, draw.index, draw.node) == (
        excluded_digest(left_out),
        "5e",
        0,
        "a",
    )


async def test_a_slot_gets_one_roster(store: Store) -> None:
    signed = SignedRoster(GroupId("g"), 7, "r", 1, 1, "s")
    assert await store.transact(lambda unit: unit.last_slot()) == -1
    await store.transact(lambda unit: unit.sign_slot(signed, (NodeId("a"),)))
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.sign_slot(signed, (NodeId("a"),)))


async def test_an_attempt_is_judged_once(store: Store) -> None:
    await store.transact(lambda unit: unit.save_job(jobs.hold(job(), 1, 1), None))
    verdict = Verdict(EvidenceId("v"), job().id, 1, NODE, "accepted", "replay", 1, 0, -1, "Fine.", 5)
    await store.transact(lambda unit: unit.add_verdict(verdict))
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.add_verdict(verdict))
    count = await store.transact(lambda unit: [unit.verdicts(NODE, "accepted", at, 9) for at in (0, 5, 6)])
    assert count == [1, 1, 0]


async def test_the_outbox_keeps_its_order_and_forgets_what_was_delivered(store: Store) -> None:
    for body in (b"1", b"2", b"3"):
        await store.transact(lambda unit, body=body: unit.post(NODE, body, 1))
    rows = await store.transact(lambda unit: unit.outbox(NODE, 0))
    assert [r.body for r in rows] == [b"1", b"2", b"3"]
    await store.transact(lambda unit: unit.delivered((rows[0].id,)))
    assert [r.body for r in await store.transact(lambda unit: unit.outbox(NODE, 0))] == [b"2", b"3"]
    assert [r.body for r in await store.transact(lambda unit: unit.outbox(NODE, rows[1].id))] == [b"3"]


async def test_nodes_and_evidence(store: Store) -> None:
    row = NodeRow(NODE, "reef", "qd", "m", 1, 2)
    await store.transact(lambda unit: unit.save_node(row))
    assert await store.transact(lambda unit: unit.node(NODE)) == row
    await store.transact(lambda unit: unit.save_job(jobs.hold(job(), 1, 1), None))
    verdict = Verdict(EvidenceId("v"), job().id, 1, NODE, "rejected", "replay", 1, 1, 0, "No.", 5)
    await store.transact(lambda unit: unit.add_verdict(verdict))
    await store.transact(lambda unit: unit.add_evidence(verdict, b"sealed", 100))
    assert await store.transact(lambda unit: unit.forget_evidence(100)) == 0
    assert await store.transact(lambda unit: unit.forget_evidence(101)) == 1


def verdict(number: int, outcome: str = "accepted", attempt: int = 1) -> Verdict:
    name = EvidenceId(f"v{number}")
    return Verdict(name, job().id, attempt, NODE, outcome, "replay", 1, 0, -1, "Fine.", 5)  # type: ignore[arg-type]


async def test_a_verdict_keeps_its_statistics_and_what_it_took(store: Store) -> None:
    await store.transact(lambda unit: unit.save_job(jobs.hold(job(), 1, 1), None))
    statistic = Statistic("mean_margin", 5, 9)
    told = msgspec.structs.replace(verdict(1), statistics=(statistic,), calibration="c", positions=16)
    await store.transact(lambda unit: unit.add_verdict(told))
    row = AuditRow("v1", 50_000, 200, 30, 210, 900, "confirmed")
    await store.transact(lambda unit: unit.add_audit(row))
    with pytest.raises(ConflictError):
        await store.transact(lambda unit: unit.add_audit(row))


async def test_running_totals_are_saved_with_the_verdict_or_not_at_all(store: Store) -> None:
    def half(unit: Unit) -> None:
        unit.save_totals(NODE, b"lost", 2)
        raise RuntimeError("in the middle")

    assert await store.transact(lambda unit: unit.totals(NODE)) == b""
    await store.transact(lambda unit: unit.save_totals(NODE, b"one", 1))
    with pytest.raises(RuntimeError):
        await store.transact(half)
    assert await store.transact(lambda unit: unit.totals(NODE)) == b"one"
    await store.transact(lambda unit: unit.save_totals(NODE, b"two", 3))
    assert await store.transact(lambda unit: unit.totals(NODE)) == b"two"


async def test_evidence_of_accepted_answers_is_bounded_and_of_rejected_ones_is_not(store: Store) -> None:
    await store.transact(lambda unit: unit.save_job(jobs.hold(job(), 1, 1), None))
    for number in range(6):
        told = verdict(number, "rejected" if number < 2 else "accepted", number)
        await store.transact(lambda unit, told=told: unit.add_verdict(told))
        until_ms = 100 + number
        await store.transact(lambda unit, v=told, at=until_ms: unit.add_evidence(v, b"0123456789", at))
    assert await store.transact(lambda unit: unit.trim_evidence(3, 1000)) == 1
    assert await store.transact(lambda unit: unit.trim_evidence(3, 29)) == 1
    assert await store.transact(lambda unit: unit.trim_evidence(0, 0)) == 2
    assert await store.transact(lambda unit: unit.forget_evidence(1000)) == 2, "the two rejections"


async def test_a_database_of_version_1_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript((Path(__file__).parent / "schema_1.sql").read_text())
        columns = ", ".join("?" * 18)
        values = [job().id, "ann", "g", 1, 1, 1, "SETTLED", 1, 1, NODE, 0, 1, 0, 0, "", "", 0, 0]
        old.execute(f"INSERT INTO jobs VALUES ({columns})", values)
        told = ("v", job().id, 1, NODE, "rejected", "replay", 1, 1, 0, "No.", 5)
        old.execute(f"INSERT INTO verdicts VALUES ({', '.join('?' * 11)})", told)
        old.execute("INSERT INTO evidence VALUES ('v', ?, x'00', 9)", (NODE,))
        old.execute("PRAGMA user_version = 1")
        old.commit()
    store = SqliteStore(path)
    try:
        assert await store.transact(lambda unit: unit.verdicts(NODE, "rejected", 0, 9)) == 1
        assert await store.transact(lambda unit: unit.trim_evidence(0, 0)) == 0, "it is a rejection's"
        await store.transact(lambda unit: unit.add_verdict(verdict(2, attempt=2)))
        await store.transact(lambda unit: unit.save_totals(NODE, b"x", 1))
    finally:
        store.close()
    with contextlib.closing(sqlite3.connect(path)) as new, contextlib.closing(connect(":memory:")) as fresh:
        assert tables(new) == tables(fresh)


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_database_states_all_that_it_has_in_its_first_statement(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "db.sqlite"
    given = receipt(1)
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript((Path(__file__).parent / f"schema_{version}.sql").read_text())
        for epoch, closed in ((7, 9), (8, 0)):
            row = (epoch, "root", b"s", "", 0, epoch, closed)
            columns = "epoch, root, sealed_secret, secret, next_k, opened_ms, closed_ms"
            old.execute(f"INSERT INTO epochs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        old.execute("INSERT INTO transactions VALUES ('deposit:d', 1), ('hold:j', 2)")
        moves = (
            ("deposit:d", OUTSIDE, -9),
            ("deposit:d", "client:ann", 9),
            ("hold:j", "client:ann", -4),
            ("hold:j", "escrow:j", 4),
        )
        old.executemany("INSERT INTO postings VALUES (?, ?, ?)", moves)
        old.executemany(
            "INSERT INTO balances VALUES (?, ?)", ((OUTSIDE, -9), ("client:ann", 5), ("escrow:j", 4))
        )
        old.execute("INSERT INTO receipts VALUES (?, 1, ?, ?)", (given.job, NODE, msgspec.json.encode(given)))
        old.execute(f"PRAGMA user_version = {version}")
        old.commit()
    store = SqliteStore(path)
    try:
        found = await store.transact(lambda u: (u.books(), u.movements(), u.held(), u.receipt_rows(8)))
        assert found == (
            8,
            [Movement("client:ann", 5, 9, 4), Movement(OUTSIDE, -9, 0, 9)],
            4,
            [ReceiptRow(NODE, given.job, 1, leaf(given))],
        )
    finally:
        store.close()
    with contextlib.closing(sqlite3.connect(path)) as new, contextlib.closing(connect(":memory:")) as fresh:
        assert tables(new) == tables(fresh)


def receipt(n: int, node: str = NODE) -> Receipt:
    booked = Transaction(f"pay:{n}", 1, ())
    amounts = (NanoCredits(5), NanoCredits(0))
    return Receipt(
        JobId(f"{n:032x}"),
        1,
        NodeId(node),
        "accepted",
        1,
        2,
        *amounts,
        EvidenceId("v"),
        booked,
        Balances(),
        "ab",
    )


def leaf(given: Receipt) -> str:
    return receipt_leaf(receipt_bytes(given), given.signature)


async def test_closing_the_books_begins_new_ones(store: Store) -> None:
    ours = (receipt(2), receipt(1), receipt(3, "bb" * 32))

    def first(unit: Unit) -> None:
        unit.book(deposit("d", client("ann"), 100, 1))
        unit.book(hold("j", "ann", 60, 1))
        for one in ours:
            unit.add_receipt(one, leaf(one))

    await store.transact(first)
    assert await store.transact(lambda u: (u.books(), u.held())) == (1, 60)
    assert await store.transact(lambda u: u.movements()) == [
        Movement("client:ann", 40, 100, 60),
        Movement(OUTSIDE, -100, 0, 100),
    ]
    rows = await store.transact(lambda u: u.receipt_rows(1))
    assert [(row.job, row.leaf) for row in rows] == [(r.job, leaf(r)) for r in (ours[1], ours[0], ours[2])]
    made = StatementRow(1, "11" * 32, b"{}", b"lines", 60)
    await store.transact(lambda u: u.add_statement(made))
    with pytest.raises(ConflictError):
        await store.transact(lambda u: u.add_statement(made))
    await store.transact(lambda u: u.book(deposit("e", client("ann"), 1, 1)))
    await store.transact(lambda u: u.add_receipt(receipt(4), leaf(receipt(4))))
    assert await store.transact(lambda u: u.movements()) == [
        Movement("client:ann", 41, 1, 0),
        Movement(OUTSIDE, -101, 0, 1),
    ]
    assert await store.transact(lambda u: (u.books(), u.statement(1), u.statement(2))) == (2, made, None)
    assert [r.job for r in await store.transact(lambda u: u.receipt_rows(2))] == [receipt(4).job]
    assert await store.transact(lambda u: (u.statement_digests(1), u.statement_digests(2))) == (
        [],
        ["11" * 32],
    )
    assert await store.transact(lambda u: (u.statement_digests(2, 1), u.statement_digests(2, 2))) == (
        ["11" * 32],
        [],
    )
    await store.transact(lambda u: u.forget_lines(2))
    assert await store.transact(lambda u: u.statement(1)) == msgspec.structs.replace(made, lines=b"")


async def test_books_that_could_not_be_closed_stay_open_with_all_that_is_in_them(store: Store) -> None:
    def half(unit: Unit) -> None:
        unit.add_statement(StatementRow(1, "11" * 32, b"{}", b"", 0))
        raise RuntimeError("in the middle")

    await store.transact(lambda unit: unit.book(deposit("d", client("ann"), 100, 1)))
    with pytest.raises(RuntimeError):
        await store.transact(half)
    found = await store.transact(lambda u: (u.books(), u.movements()[0], u.statement(1), u.epoch_opened(1)))
    assert found == (1, Movement("client:ann", 100, 100, 0), None, 0)


async def test_a_database_of_version_2_keeps_its_draws_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript((Path(__file__).parent / "schema_2.sql").read_text())
        old.execute(
            "INSERT INTO epochs (epoch, root, sealed_secret, next_k, opened_ms) VALUES (1, 'e', x'', 1, 5)"
        )
        old.execute("INSERT INTO rosters VALUES ('r', 1)")
        ticket = (1, 0, "j", 1, "r", 1, "request", "s", "c", 5, "5e", "0e", 0, NODE)
        old.execute(f"INSERT INTO tickets VALUES ({', '.join('?' * 14)})", ticket)
        old.execute("PRAGMA user_version = 2")
        old.commit()
    store = SqliteStore(path)
    (draw,) = await store.transact(lambda unit: unit.draws(1))
    assert draw.ticket == Ticket(JobId("j"), 0, 1, "r", 1, 1), "so its signature still holds"
    assert b"slot" not in ticket_bytes(draw.ticket)
    assert await store.transact(lambda unit: unit.last_chain()) == "c"
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as new, contextlib.closing(connect(":memory:")) as fresh:
        assert tables(new) == tables(fresh)
        assert epochs(new) == [], "nothing of it is signed, so nothing of it is published"


async def test_a_database_of_version_2_counts_what_was_spent_before(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript((Path(__file__).parent / "schema_2.sql").read_text())
        for number, (state, price, held) in enumerate(
            [("SETTLED", 7, 0), ("RUNNING", 0, 50), ("CANCELLED", 0, 0)]
        ):
            values = [f"j{number}", "ann", "g", 1, 1, 86_400_000 * 3, state, 1, 1, NODE, held, 1, price]
            old.execute(f"INSERT INTO jobs VALUES ({', '.join('?' * 18)})", [*values, 0, "", "", 0, 0])
        old.execute("PRAGMA user_version = 2")
        old.commit()
    store = SqliteStore(path)
    try:
        assert await store.transact(lambda unit: [unit.spent("ann", "", day) for day in (3, 4)]) == [57, 0]
        (running,) = await store.transact(lambda unit: unit.open_jobs())
        await store.transact(lambda unit: unit.spend("ann", running.key, 3, -running.held))
        assert await store.transact(lambda unit: unit.spent("ann", None, 0)) == 7
    finally:
        store.close()
    with contextlib.closing(sqlite3.connect(path)) as new, contextlib.closing(connect(":memory:")) as fresh:
        assert tables(new) == tables(fresh)


async def test_spending_is_counted_by_key_and_day_and_never_falls_below_nothing(store: Store) -> None:
    for key, day, amount in [("a", 1, 5), ("a", 2, 7), ("b", 2, 11), ("a", 2, -3)]:
        await store.transact(lambda unit, row=(key, day, amount): unit.spend("ann", *row))
    asked = [("a", 0), ("a", 2), ("b", 2), (None, 2), (None, 3), ("c", 0)]
    spent = await store.transact(lambda unit: [unit.spent("ann", *which) for which in asked])
    assert spent == [9, 4, 11, 15, 0, 0]
    assert await store.transact(lambda unit: unit.spent("bob", None, 0)) == 0
    with pytest.raises(OverdrawnError):
        await store.transact(lambda unit: unit.spend("ann", "a", 1, -6))
    assert await store.transact(lambda unit: unit.spent("ann", "a", 0)) == 9


async def test_a_key_for_repeats_stands_for_the_newest_job(store: Store) -> None:
    for name in ("11" * 16, "33" * 16):
        await store.transact(lambda unit, name=name: unit.save_job(jobs.hold(job(name), 1, 1), None))
    assert await store.transact(lambda unit: unit.idempotency("ann", "k")) is None
    row = IdempotencyRow("ann", "k", "b", JobId("11" * 16))
    await store.transact(lambda unit: unit.save_idempotency(row))
    newer = msgspec.structs.replace(row, job=JobId("33" * 16))
    await store.transact(lambda unit: unit.save_idempotency(newer))
    assert await store.transact(lambda unit: unit.idempotency("ann", "k")) == newer
    assert await store.transact(lambda unit: unit.idempotency("bob", "k")) is None


def tables(db: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    """Columns and types by table."""
    names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {n: [(c[1], c[2]) for c in db.execute(f"PRAGMA table_info({n})")] for n in names}


async def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "db.sqlite")
    await store.transact(lambda unit: unit.book(deposit("d", client("ann"), 7, 1)))
    store.close()
    with pytest.raises(StoreError):
        await store.transact(lambda unit: None)
    again = SqliteStore(tmp_path / "db.sqlite")
    assert await again.transact(lambda unit: unit.balance(client("ann"))) == 7
    again.close()


async def test_a_full_disk_is_said_and_undoes_the_unit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "db.sqlite")
    await store.transact(lambda unit: unit.book(deposit("d", client("ann"), 7, 1)))
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="is full"):
        await store.transact(lambda unit: unit.post(NODE, b"x" * 100_000, 1))
    store._connection.execute("PRAGMA max_page_count = 100000")
    await store.transact(lambda unit: unit.book(deposit("e", client("ann"), 1, 1)))
    assert await store.transact(lambda unit: unit.balance(client("ann"))) == 8
    store.close()


def test_databases_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="cannot be used"):
        SqliteStore(tmp_path / "noise")
    with pytest.raises(StoreError, match="cannot be used"):
        SqliteStore(tmp_path / "missing" / "db")
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="version 99"):
        SqliteStore(tmp_path / "newer")
