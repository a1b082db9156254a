"""The journal's file and its thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from console.agent.journal.schema import SCHEMA_VERSION, bring_up

T = TypeVar("T")


class JournalError(Exception):
    """The journal cannot be read or written; the text says what it means and what to do."""


class Database:
    """SQLite on one thread, so that a slow disk never holds up the event loop.

    WAL with `synchronous=FULL`: what `write` returned from is on the disk. `secure_delete`: what is erased
    is overwritten.
    """

    def __init__(self, path: Path) -> None:
        """`path`: the file, made when missing."""
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """An older file is brought up to today's tables first.

        Raises JournalError: full disk, damaged file, or a file of a newer Quarterdeck.
        """
        await self._call(self._open)

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run `change` in one transaction; on return it is durable. Raises JournalError, nothing changed."""

        def run() -> T:
            with self._open_connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
                return change(connection)

        return await self._call(run)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query`. Raises JournalError."""
        return await self._call(lambda: query(self._open_connection()))

    async def close(self) -> None:
        """Fold the log into the file and end the thread."""
        await self._call(self._close)
        self._thread.shutdown(wait=False)

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(self._words(error)) from error

    def _open(self) -> None:
        descriptor_mode = 0o600
        self._path.touch(mode=descriptor_mode)
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA journal_size_limit=8388608")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            connection.close()
            raise JournalError(
                f"The journal {self._path} was written by a newer Quarterdeck (schema {version}, this one "
                f"knows {SCHEMA_VERSION}). Update Quarterdeck, or use another home."
            )
        try:
            bring_up(connection, version)
        except msgspec.MsgspecError as error:
            connection.close()
            raise JournalError(
                f"The journal {self._path} (schema {version}) has a record that cannot be read ({error}), so "
                "it was left as it is. Move it away to start with an empty one; the network keeps its own "
                "books, so earnings are not lost."
            ) from error
        self._connection = connection

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the journal is closed")
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()
            self._connection = None

    def _words(self, error: Exception) -> str:
        text = str(error)
        if "full" in text or "I/O" in text or getattr(error, "errno", 0) == 28:
            return (
                f"The journal {self._path} cannot be written ({text}): the disk is full or failing, so "
                "results could be lost. Free space there; nothing that was journalled is lost."
            )
        if "not a database" in text or "malformed" in text:
            return (
                f"The journal {self._path} is damaged ({text}). Move it away to start with an empty one; "
                "the network keeps its own books, so earnings are not lost."
            )
        return f"The journal {self._path} cannot be used ({text}). Check the folder's permissions and disk."
