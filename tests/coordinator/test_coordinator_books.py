"""Whatever is booked, and whenever the books are closed: statements are what the postings say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from console import ledger
from console.coordinator.parts import Parts
from console.coordinator.restate.checks import ledger_findings, statements_findings
from console.coordinator.restate.ledger import _read
from console.coordinator.restate.postings import recounted
from console.coordinator.sealing import Secrets
from console.coordinator.statements.books import Books, Chain, close_books
from console.coordinator.store import OverdrawnError, StatementRow, StoreError, Unit
from console.coordinator.store.sql import SqlUnit
from console.coordinator.store.sqlite import Direct, connect
from console.ledger.findings import Finding
from console.protocol.keys import SigningKey
from console.protocol.statements import AccountLine, Stated, Sums
from console.protocol.types import Transaction

T = TypeVar("T")
SEED = b"k" * 32
KEY, SECRETS = SigningKey(SEED), Secrets(SEED)
amounts = st.integers(1, 10**6)
who = st.sampled_from(("ann", "bob"))
nodes = st.sampled_from(("aa" * 32, "bb" * 32))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), who, nodes, amounts),
        st.tuples(st.just("hold"), who, nodes, amounts),
        st.tuples(st.just("pay"), who, nodes, amounts),
        st.tuples(st.just("refund"), who, nodes, amounts),
        st.tuples(st.just("penalty"), who, nodes, amounts),
        st.tuples(st.just("release"), who, nodes, amounts),
        st.tuples(st.just("close"), who, nodes, amounts),
    ),
    max_size=40,
)


class Network:
    """A ledger that does as it is told, as far as it can."""

    def __init__(self) -> None:
        self.db = connect(":memory:")
        self.unit = SqlUnit(Direct(self.db))
        self.end_of_unit = "stands"
        self.open: dict[str, tuple[str, int]] = {}
        self.numbers = count(1)
        self.clock = SimpleNamespace(now_ms=lambda: next(self.numbers))
        self.parts = cast(Parts, SimpleNamespace(key=KEY, secrets=SECRETS, clock=self.clock, store=self))
        self.chain = Chain()

    def take(self, step: str, client: str, node: str, amount: int) -> None:
        n = next(self.numbers)
        if step == "close":
            made = close_books(self.unit, self.parts, self.unit.books(), self.chain)
            assert made is not None
            self.chain = made
        elif step == "deposit":
            self.book(ledger.deposit(f"{n}", ledger.client(client), amount, n))
            self.book(ledger.deposit(f"b{n}", ledger.node_bond(node), amount, n))
        elif step == "hold" and self.book(ledger.hold(f"j{n}", client, amount, n)):
            self.open[f"j{n}"] = (client, amount)
        elif step == "penalty":
            taken = ledger.penalty(f"j{n}", 1, node, min(amount, self.holds(ledger.node_bond(node))), 0, n)
            _ = taken and self.book(taken)
        elif step == "release" and (pending := self.holds(ledger.node_pending(node))):
            self.book(ledger.close_epoch(n, node, pending, n))
        elif step in ("pay", "refund") and self.open:
            self.end(step, node, amount, n)

    def end(self, step: str, node: str, amount: int, n: int) -> None:
        job, (client, held) = self.open.popitem()
        if step == "refund":
            self.book(ledger.refund(job, client, held, n))
            return
        price = min(held, amount)
        reward = price * 5 // 7
        self.book(
            ledger.pay(job, client, node, held=held, price=price, reward=reward, to_bond=reward // 3, at_ms=n)
        )

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """The next unit may be undone, or stand without anybody's hearing of it; those after it stand."""
        end, self.end_of_unit = self.end_of_unit, "stands"
        self.db.execute("SAVEPOINT unit")
        made = work(self.unit)
        if end == "undone":
            self.db.execute("ROLLBACK TO unit")
        self.db.execute("RELEASE unit")
        if end != "stands":
            raise StoreError("The database is away.")
        return made

    def book(self, transaction: Transaction) -> bool:
        self.db.execute("SAVEPOINT one")
        try:
            self.unit.book(transaction)
        except OverdrawnError:
            self.db.execute("ROLLBACK TO one")
            return False
        return True

    def holds(self, account: str) -> int:
        return self.unit.balance(account)


def network_findings(network: Network) -> list[Finding]:
    found = _read(network.db)
    epochs = recounted(found.moved, [row.epoch for row in found.statements], SECRETS)
    return [*ledger_findings(found), *statements_findings(found, epochs, [], KEY.node_id)]


def lines_of(row: StatementRow | None) -> tuple[AccountLine, ...]:
    assert row is not None
    return msgspec.msgpack.decode(row.lines, type=tuple[AccountLine, ...])


def test_closing_reads_nothing_of_the_accounts_that_were_stated_before() -> None:
    network = Network()
    for step in ("deposit", "hold", "close"):
        network.take(step, "ann", "aa" * 32, 5)
    network.unit.forget_lines(network.unit.books())
    for step in ("refund", "close", "close"):
        network.take(step, "ann", "aa" * 32, 5)
    rows = [network.unit.statement(epoch) for epoch in (1, 2, 3)]
    assert [row and row.held for row in rows] == [5, 0, 0]
    assert [line for line in lines_of(rows[1]) if line.account == "escrow"] == [
        AccountLine("escrow", Sums(5, 0, 5, 0))
    ]
    network.db.close()


@settings(max_examples=150, deadline=None)
@given(steps)
def test_what_is_stated_is_what_the_postings_come_to(taken: list[tuple[Any, ...]]) -> None:
    network = Network()
    for step in taken:
        network.take(*step)
    network.take("close", "ann", "aa" * 32, 1)
    assert network_findings(network) == []
    lines = lines_of(network.unit.statement(network.unit.books() - 1))
    held = (
        network.db.execute("SELECT sum(amount) FROM balances WHERE account <> 'outside'").fetchone()[0] or 0
    )
    assert sum(line.sums.closing for line in lines) == held
    assert not [line for line in lines if "ann" in line.account or "bob" in line.account]
    network.db.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(("stands", "undone", "unheard", "restart")), max_size=20))
async def test_the_history_is_that_of_what_stands_whatever_becomes_of_the_commits(ends: list[str]) -> None:
    network = Network()
    books = Books(network.parts)
    for end in ends:
        network.take("deposit", "ann", "aa" * 32, 5)
        if end == "restart":
            books = Books(network.parts)
            await books.load()
            continue
        network.end_of_unit = end
        with contextlib.suppress(StoreError):
            await books.close(network.unit.books())
    await books.close(network.unit.books())
    assert network_findings(network) == []
    made = network.unit.statement(network.unit.books() - 1)
    assert made is not None
    assert books.newest == Stated(made.epoch, made.digest)
    network.db.close()
