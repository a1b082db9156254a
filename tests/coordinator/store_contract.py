"""Where the stores under test are, a place per adapter: what is there outlives the store that is open."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from console.coordinator.store import Store
from console.coordinator.store.postgres import PostgresStore
from console.coordinator.store.private_postgres import PrivatePostgres
from console.coordinator.store.sqlite import SqliteStore

ADAPTERS = ("sqlite", "postgres")
TABLES = ("jobs", "attempts", "transactions", "postings", "balances", "tickets", "outbox", "nodes", "epochs")
_numbers = itertools.count(1)


class Place(Protocol):
    """A database."""

    def open(self) -> Store:
        """A store on it; several at a time are allowed."""
        ...

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What it holds, seen by somebody else."""
        ...

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of every table, sorted."""
        ...


class _Place:
    def rows(self, query: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        return {name: sorted(self.rows(f"SELECT * FROM {name}")) for name in TABLES}


class SqlitePlace(_Place):
    """One file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "db.sqlite"

    def open(self) -> Store:
        return SqliteStore(self.path)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()


class PostgresPlace(_Place):
    """One schema of the database that all tests share: made sooner than a database."""

    def __init__(self, server: PrivatePostgres) -> None:
        name = f"place{next(_numbers)}"
        self.server = server
        self.url = f"{server.url('postgres')}&search_path={name}"
        self.rows(f"CREATE SCHEMA {name}")

    def open(self) -> PostgresStore:
        return PostgresStore(self.url)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return in_a_thread(self._rows, query)

    def empty(self) -> None:
        """Without a row but for those that come with the tables, if it has any."""
        names = [
            n for (n,) in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        ]
        deletions = "".join(f'DELETE FROM "{name}";' for name in names if name not in ("version", "books"))
        in_a_thread(self._script, f"SET session_replication_role = replica; {deletions}")

    async def _script(self, text: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(text)
        finally:
            await connection.close()

    async def _rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


def in_a_thread(work: Any, *arguments: Any) -> Any:
    """Run a coroutine function to its end, beside whatever loop runs here."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work(*arguments))).result()


def place_of(adapter: str, folder: Path, server: Any) -> Place:
    """`server` is asked for its fixture only where it is needed."""
    return SqlitePlace(folder) if adapter == "sqlite" else PostgresPlace(server())
