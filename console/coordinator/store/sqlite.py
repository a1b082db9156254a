"""The adapter for SQLite: WAL, synchronous FULL, one writer thread that commits what is queued together.

One commit is one fsync (about 4 ms on a plain disk); many units in one commit share it, each behind its own
savepoint, so that one unit's failure undoes that unit alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from console.coordinator.store.port import StoreError, Unit
from console.coordinator.store.schema import BEFORE, TABLES, VERSION
from console.coordinator.store.sqlite_unit import SqliteUnit, leaf_of

T = TypeVar("T")
_BATCH = 256
_BUSY_MS = 5000


class _Item:
    """A unit of work on its way to the writer."""

    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.done: Future[Any] = Future()
        self.value: Any = None
        self.error: Exception | None = None


class SqliteStore:
    """A `Store` in one file."""

    def __init__(self, path: Path) -> None:
        """Open or create `path`. Raises StoreError: unreadable, no database, too new, disk full."""
        self._path = path
        try:
            self._connection = connect(path)
        except sqlite3.Error as error:
            raise _store_error(path, error) from error
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """See `Store.transact`."""
        if self._closed:
            raise StoreError("The coordinator's database is closed: it is shutting down.")
        item = _Item(work)
        self._queue.put(item)
        result: T = await asyncio.shield(asyncio.wrap_future(item.done))
        return result

    def close(self) -> None:
        """Finish what is queued, then close the file; closing twice is nothing."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _write(self) -> None:
        last = False
        while not last:
            batch: list[_Item] = []
            first = self._queue.get()
            last = first is None
            if first is not None:
                batch.append(first)
            while not last and len(batch) < _BATCH and not self._queue.empty():
                more = self._queue.get()
                last = more is None
                if more is not None:
                    batch.append(more)
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[_Item]) -> None:
        unit = SqliteUnit(self._connection)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for item in batch:
                self._run(item, unit)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):  # the thread must live on, whatever the disk does
                self._connection.rollback()
            failure = _store_error(self._path, error)
            for item in batch:
                item.done.set_exception(failure)
            return
        for item in batch:
            if item.error is None:
                item.done.set_result(item.value)
            else:
                item.done.set_exception(item.error)

    def _run(self, item: _Item, unit: SqliteUnit) -> None:
        """One unit behind a savepoint. A failing database (not a failing unit) raises sqlite3.Error."""
        self._connection.execute("SAVEPOINT unit")
        try:
            item.value, item.error = item.work(unit), None
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
            self._undo(item, error)
        except sqlite3.Error:
            raise
        except Exception as error:  # the unit's own failure travels to whoever asked for it
            self._undo(item, error)
        self._connection.execute("RELEASE unit")

    def _undo(self, item: _Item, error: Exception) -> None:
        item.value, item.error = None, error
        self._connection.execute("ROLLBACK TO unit")


def connect(path: Path | str) -> sqlite3.Connection:
    """A connection with the adapter's settings and schema.

    Raises:
        sqlite3.Error: it cannot be opened or created.
        StoreError: written by a newer Quarterdeck.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path | str) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version in BEFORE:
        connection.create_function("leaf_of", 1, leaf_of, deterministic=True)
        connection.executescript(
            f"BEGIN IMMEDIATE; {BEFORE[version]} PRAGMA user_version = {VERSION}; COMMIT;"
        )
        return
    if version != 0:
        raise StoreError(
            f"The database {path} has version {version}; this Quarterdeck knows {VERSION}. "
            "Use the newer Quarterdeck that wrote it, or give another --home."
        )
    connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "full" in text:
        return StoreError(
            f"The disk that holds {path} is full, so nothing can be booked safely. Free space on it; "
            "what was booked before is untouched."
        )
    return StoreError(
        f"The database {path} cannot be used ({text}). "
        "Check that the folder is writable and its disk healthy."
    )
