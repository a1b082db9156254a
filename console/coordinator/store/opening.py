"""Which adapter keeps a coordinator's data, by where that is: a file, or an address of PostgreSQL."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from console.coordinator.store import sqlite_reading
from console.coordinator.store.database import Readable
from console.coordinator.store.errors import StoreError
from console.coordinator.store.port import Store
from console.coordinator.store.sqlite import SqliteStore

Whereabouts = Path | str
"""SQLite's file; or `postgres://user@host/database`."""
_SCHEMES = ("postgres://", "postgresql://")


def open_store(where: Whereabouts) -> Store:
    """Raises StoreError: it cannot be used, or what it needs is not installed."""
    if isinstance(where, Path):
        return SqliteStore(where)
    _check(where)
    from console.coordinator.store.postgres import PostgresStore

    return PostgresStore(where)


@contextlib.contextmanager
def looking(where: Whereabouts) -> Iterator[Readable]:
    """The database as it is at one moment, while a coordinator may be writing it. Not on a loop's thread.

    Raises:
        StoreError: it is not there, cannot be reached or read, or what that needs is not installed.
    """
    if isinstance(where, Path):
        with sqlite_reading.look(where) as found:
            yield found
        return
    _check(where)
    from console.coordinator.store import postgres_reading

    with postgres_reading.look(where) as there:
        yield there


def _check(url: str) -> None:
    if not url.startswith(_SCHEMES):
        raise StoreError(
            "The address given with --store is none of a database. "
            "It looks like postgres://user@host:5432/database; without --store, SQLite keeps the data."
        )
    if importlib.util.find_spec("asyncpg") is None:
        raise StoreError(
            "PostgreSQL needs the package asyncpg, which is not installed. "
            "Install the extra `cluster`, in Quarterdeck's folder: "
            ".venv/bin/python -m pip install -e '.[cluster]'"
        )
