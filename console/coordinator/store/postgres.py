"""The adapter for PostgreSQL, by asyncpg: one connection and one thread, which commits what waits together.

A server that goes away fails the units that were on their way; only those whose commit was sent and not
answered wait, until the server is back and says whether it stands.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import asyncpg

from console.coordinator.store.errors import StoreError
from console.coordinator.store.postgres_batch import Batch
from console.coordinator.store.postgres_failures import away, in_doubt, refused
from console.coordinator.store.postgres_link import Link, LostError, said
from console.coordinator.store.postgres_schema import migrate
from console.coordinator.store.postgres_words import Words
from console.coordinator.store.unit import Unit
from console.coordinator.store.writer import Item, Writer, fail, tell

T = TypeVar("T")
log = logging.getLogger(__name__)
_FIRST_S, _LONGEST_S = 0.1, 5.0
_CLOSING_S = 10.0


class PostgresStore:
    """A `Store` in a PostgreSQL database. Other stores may be open on it; their units follow one another.

    Who may write is the owner's business: see `Store.fence`.
    """

    def __init__(self, url: str) -> None:
        """`url`: `postgres://user@host/database`, as asyncpg reads it.

        Raises:
            StoreError: it cannot be reached or used, or a newer Quarterdeck wrote it.
        """
        self._link = Link(url)
        self._words = Words()
        self._name = secrets.token_hex(16)
        self._commits = 0
        self._token = 0
        self._doubtful: list[Item] = []
        self._wait_s = 0.0
        self._next_s = 0.0
        self._why = ""
        try:
            with ThreadPoolExecutor(1) as pool:  # the caller's thread may be running a loop of its own
                pool.submit(self._connect).result()
        except StoreError:
            self._link.close()
            raise
        self._writer = Writer(self._commit, self._rest)

    @property
    def trips(self) -> int:
        """Round trips so far."""
        return self._link.trips

    def fence(self, token: int) -> None:
        """See `Store.fence`."""
        self._token = token

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """See `Store.transact`."""
        return await self._writer.transact(work)

    def close(self) -> None:
        """Finish what is queued, find out what is in doubt, then disconnect; closing twice is nothing."""
        if not self._writer.close():
            return
        with ThreadPoolExecutor(1) as pool:  # as in `__init__`
            pool.submit(self._end).result()

    def _end(self) -> None:
        deadline_s = time.monotonic() + _CLOSING_S
        while self._doubtful and time.monotonic() < deadline_s:
            time.sleep(self._rest() or 0.0)
        fail(self._doubtful, in_doubt(self._link.name))
        self._link.close()

    def _commit(self, batch: list[Item]) -> None:
        """Runs on the writer's thread."""
        try:
            self._connect()
        except StoreError as error:
            fail(batch, error)
            return
        open_batch = Batch(self._link, self._words, self._token)
        try:
            for item in batch:
                open_batch.run(item)
        except Exception as error:
            self._give_up(batch, error)
            return
        try:
            wrote = open_batch.commit(self._mark())
        except LostError as error:
            self._lost(error)
            self._doubtful = batch
            return
        except Exception as error:
            self._give_up(batch, error)
            return
        self._commits += wrote
        tell(batch)

    def _mark(self) -> str:
        """Statements by which this commit can be found, in place of the one before."""
        return (
            f"INSERT INTO commits VALUES ('{self._name}', {self._commits + 1}); "
            f"DELETE FROM commits WHERE store = '{self._name}' AND number = {self._commits};"
        )

    def _give_up(self, batch: list[Item], error: Exception) -> None:
        """No commit was sent, or the server said no to it."""
        if isinstance(error, LostError):
            self._lost(error)
            fail(batch, self._away())
        else:
            self._roll_back()
            fail(batch, refused(self._link.name, error))

    def _roll_back(self) -> None:
        """A connection that cannot even do that is of no use any more."""
        try:
            self._link.script("ROLLBACK")
        except Exception:
            self._link.drop()

    def _lost(self, error: LostError) -> None:
        log.warning("The connection to PostgreSQL at %s is lost (%s).", self._link.name, error)
        self._why = str(error)
        self._wait_s, self._next_s = _FIRST_S, time.monotonic() + _FIRST_S

    def _rest(self) -> float | None:
        """Until what is in doubt is known, keep asking."""
        if not self._doubtful:
            return None
        with contextlib.suppress(StoreError):
            self._connect()
        return max(0.0, self._next_s - time.monotonic()) if self._doubtful else None

    def _connect(self) -> None:
        """Be connected, and know what was in doubt. Raises StoreError, soon after a failure untried."""
        if self._link.connected() and not self._doubtful:
            return
        if time.monotonic() < self._next_s:
            raise self._away()
        try:
            self._link.connect()
            migrate(self._link)
            self._words = Words()
            self._settle()
        except (LostError, asyncpg.PostgresError) as error:
            self._link.drop()
            self._why = said(error)
            self._wait_s = min(_LONGEST_S, max(_FIRST_S, 2 * self._wait_s))
            self._next_s = time.monotonic() + self._wait_s
            raise self._away() from error
        except StoreError:
            self._link.drop()
            self._next_s = time.monotonic() + _LONGEST_S
            raise
        self._wait_s = 0.0

    def _settle(self) -> None:
        """Whether the commit in doubt stands. If not, it never will: its mark is taken from here on.

        Writing the mark anew waits for a transaction that has it and still runs at the server.
        """
        if not self._doubtful:
            return
        take = "INSERT INTO commits VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"
        taken = self._link.rows(take, (self._name, self._commits + 1))
        self._name, self._commits = secrets.token_hex(16), 0  # no later commit removes the mark
        items, self._doubtful = self._doubtful, []
        if taken:
            fail(items, self._away())
            return
        tell(items)

    def _away(self) -> StoreError:
        return away(self._link.name, self._why)
