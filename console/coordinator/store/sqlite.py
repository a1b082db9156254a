"""The adapter for SQLite: WAL, synchronous FULL, one writer thread that commits what is queued together.

One commit is one fsync (about 4 ms on a plain disk); many units in one commit share it, each behind its own
savepoint, so that one unit's failure undoes that unit alone.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from console.coordinator.store.database import Values
from console.coordinator.store.errors import ConflictError, NotOwnerError, StoreError
from console.coordinator.store.schema import BEFORE, TABLES, VERSION
from console.coordinator.store.sql import SqlUnit
from console.coordinator.store.sql.verdicts import leaf_of
from console.coordinator.store.unit import Unit
from console.coordinator.store.writer import Item, Writer, fail, tell

T = TypeVar("T")
_BUSY_MS = 5000


class SqliteStore:
    """A `Store` in one file."""

    def __init__(self, path: Path) -> None:
        """Open or create `path`. Raises StoreError: unreadable, no database, too new, disk full."""
        self._path = path
        try:
            self._connection = connect(path)
        except sqlite3.Error as error:
            raise _store_error(path, error) from error
        self._token = 0
        self._writer = Writer(self._commit)

    def fence(self, token: int) -> None:
        """See `Store.fence`."""
        self._token = token

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """See `Store.transact`."""
        return await self._writer.transact(work)

    def close(self) -> None:
        """Finish what is queued, then close the file; closing twice is nothing."""
        if self._writer.close():
            self._connection.close()

    def _commit(self, batch: list[Item]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._token and not self._owned():
                self._connection.execute("ROLLBACK")
                fail(batch, NotOwnerError())
                return
            for item in batch:
                self._run(item)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):  # the thread must live on, whatever the disk does
                self._connection.rollback()
            fail(batch, _store_error(self._path, error))
            return
        tell(batch)

    def _owned(self) -> bool:
        found = self._connection.execute("SELECT token FROM owner").fetchone()
        return found is not None and found[0] == self._token

    def _run(self, item: Item) -> None:
        """One unit behind a savepoint. A failing database (not a failing unit) raises sqlite3.Error."""
        database = Direct(self._connection)
        self._connection.execute("SAVEPOINT unit")
        try:
            item.value, item.error = item.work(SqlUnit(database)), database.refused
        except sqlite3.IntegrityError as error:
            item.error = database.refused or ConflictError(f"the database holds against it: {error}")
        except sqlite3.ProgrammingError as error:
            item.error = error
        except sqlite3.Error:
            raise
        except Exception as error:  # the unit's own failure travels to whoever asked for it
            item.error = database.refused or error
        if item.error is not None:
            item.value = None
            self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")


class Direct:
    """Statements of one unit, each carried out at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.execute = connection.execute
        self.refused: Exception | None = None
        """Why the unit cannot stand, even if it caught that."""

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """See `Database.executemany`."""
        self._connection.executemany(sql, rows)

    def must(self, sql: str, values: Values, error: Exception) -> None:
        """See `Database.must`."""
        if self.execute(sql, values).rowcount != 1:
            self.refused = self.refused or error
            raise self.refused


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
