"""The database's disk: survives the coordinator, is slow, fills up, and fails in the middle of a transaction.

What runs on it is the real SQLite adapter, schema and group commit; only its writer thread is the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from console.coordinator.store import StoreError, Unit
from console.coordinator.store.database import Readable
from console.coordinator.store.sqlite import SqliteStore, connect
from console.coordinator.store.writer import Item
from simulation.loop import SimulatedLoop
from simulation.trace import Trace

_WATCHED = ("jobs", "attempts", "transactions", "tickets", "verdicts", "nodes", "epochs")


class Disk:
    """One database, kept over all lives of the coordinator."""

    def __init__(self, loop: SimulatedLoop, chance: Random, trace: Trace) -> None:
        self.loop = loop
        self.trace = trace
        self.database = _formatted()
        self.touched: set[str] = set()
        """Tables that the transaction at hand has written to."""
        self.full = False
        self.slow_s = 0.0
        self.failures = 0
        self._chance = chance
        self._fail_in = -1
        self.committed: Callable[[set[str]], None] = lambda _: None
        """Called after each commit with the tables that it changed."""

    def commit_s(self) -> float:
        """How long the next commit takes."""
        return self._chance.uniform(0.0005, 0.004) + self.slow_s * self._chance.random()

    def survives(self) -> bool:
        """Whether what was being written as the process died got to the disk."""
        return self._chance.random() < 0.5

    # As `sqlite3.Connection`, for the adapter

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        """One statement, or the disk's error."""
        if sql.startswith("BEGIN"):
            self.touched = set()
            self._fail_in = self._chance.randrange(12) if self.full else -1
        if self._fail_in >= 0:
            self._may_fail(sql)
        if written := _written(sql):
            self.touched |= written
        return self.database.execute(sql, values)

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        """The same for many rows."""
        if self._fail_in >= 0:
            self._may_fail(sql)
        self.touched |= _written(sql)
        return self.database.executemany(sql, rows)

    def rollback(self) -> None:
        """Nothing happened."""
        self.database.rollback()

    def close(self) -> None:
        """The process lets go; the disk stays."""

    def _may_fail(self, sql: str) -> None:
        if self._fail_in == 0 or sql.startswith("COMMIT"):
            self._fail_in = -1
            self.failures += 1
            self.trace.note("disk-failed", sql.split(maxsplit=1)[0])
            raise sqlite3.OperationalError("database or disk is full")
        self._fail_in -= 1


@cache
def _written(sql: str) -> frozenset[str]:
    """Watched tables that a statement writes to."""
    if sql.startswith("SELECT"):
        return frozenset()
    return frozenset(table for table in _WATCHED if f" {table}" in sql[:40])


@cache
def _empty() -> bytes:
    """A database with the adapter's schema and nothing in it."""
    with contextlib.closing(connect(":memory:")) as made:
        return made.serialize()


def _formatted() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.deserialize(_empty())
    database.execute("PRAGMA foreign_keys = ON")
    return database


class SimulatedStore(SqliteStore):
    """The real adapter without its thread: what is queued is committed together a moment later."""

    def __init__(self, disk: Disk) -> None:
        self._path = Path("simulated")
        self._disk = disk
        self._connection = disk  # type: ignore[assignment]
        self._waiting: list[Item] = []
        self._token = 0
        self._closed = False
        self._dead = False

    async def transact(self, work: Callable[[Unit], Any]) -> Any:
        """See `Store.transact`."""
        if self._dead:
            raise asyncio.CancelledError
        if self._closed:
            raise StoreError("The coordinator's database is closed: it is shutting down.")
        item = Item(work)
        if not self._waiting:
            self._disk.loop.call_later(self._disk.commit_s(), self._flush)
        self._waiting.append(item)
        return await item.done

    def close(self) -> None:
        """Finish what is queued."""
        if not self._closed:
            self._closed = True
            self._flush()

    def die(self) -> None:
        """The process was killed: what waits is on the disk wholly or not at all, and nobody hears of it."""
        if self._waiting and self._disk.survives():
            self._flush()
        self._waiting, self._dead = [], True

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch and not self._dead:
            failures = self._disk.failures
            self._commit(batch)
            if self._disk.failures == failures:
                self._disk.committed(self._disk.touched)


class DiskReader:
    """A `Reader` without a thread: what it sees is what is committed, since a commit is one step here."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def read(self, query: Callable[[Readable], Any]) -> Any:
        """See `Reader.read`."""
        return query(self._disk.database)

    def another(self) -> DiskReader:
        """See `Reader.another`."""
        return self
