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
_OWN = ("version", "commits")
"""Tables that PostgreSQL's adapter has for itself: which version it is, and which commits stand."""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
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
        """The rows of every table that the coordinator has, sorted."""
        ...


class SqlitePlace:
    """One file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "db.sqlite"

    def open(self) -> Store:
        return SqliteStore(self.path)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        return {name: sorted(self.rows(f"SELECT * FROM {name}")) for (name,) in self.rows(names)}


class PostgresPlace:
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

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        return in_a_thread(self._contents)

    def empty(self) -> None:
        """As it is when its tables are new, if it has any."""
        names = [name for (name,) in self.rows(_TABLES)]
        deletions = "".join(f'DELETE FROM "{name}";' for name in names if name not in ("version", "books"))
        opened = "UPDATE books SET epoch = 1" if "books" in names else ""
        in_a_thread(self._script, f"SET session_replication_role = replica; {deletions} {opened}")

    async def _script(self, text: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(text)
        finally:
            await connection.close()

    async def _contents(self) -> dict[str, list[tuple[Any, ...]]]:
        connection = await asyncpg.connect(self.url)
        try:
            names = [name for (name,) in await connection.fetch(_TABLES) if name not in _OWN]
            return {
                name: sorted(tuple(row) for row in await connection.fetch(f"SELECT * FROM {name}"))
                for name in names
            }
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
