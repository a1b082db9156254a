"""One connection to PostgreSQL, used by one thread: a call waits for its answer, one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from console.coordinator.store.errors import StoreError

T = TypeVar("T")
_CONNECT_S = 10.0
_ANSWER_S = 30.0
_SETTINGS = {
    "application_name": "quarterdeck",
    "standard_conforming_strings": "on",  # values are written out by the rules that this stands for
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "10s",  # a coordinator that froze must not hold the others up
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
_UNIT_CLASSES = ("22", "23", "42", "P0")
"""Classes of errors that are a unit's own: data, integrity, syntax, raised by a function of ours."""


class LostError(Exception):
    """The connection is gone, or its server does not answer; the text says what was seen."""


class Link:
    """A connection and the loop that it lives on."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._connection: Any = None
        self.trips = 0
        """Round trips so far, beside those of connecting and of preparing a query."""

    @property
    def name(self) -> str:
        """Which server and database, without password."""
        parts = urlsplit(self._url)
        return f"{parts.hostname or 'this machine'}{parts.path or '/'}"

    def connected(self) -> bool:
        """Whether it can be used, as far as this side has heard: a commit must not go to one long gone."""
        if self._connection is None:
            return False
        self._loop.run_until_complete(_hear())
        return not self._connection.is_closed()

    def connect(self) -> None:
        """Raises LostError: it cannot be reached; StoreError: it lets us not in, or has no such database."""
        self.drop()
        try:
            self._connection = self._loop.run_until_complete(
                asyncpg.connect(
                    self._url,
                    timeout=_CONNECT_S,
                    command_timeout=_ANSWER_S,
                    server_settings=_SETTINGS,
                    max_cached_statement_lifetime=0,
                )
            )
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise StoreError(
                f"PostgreSQL at {self.name} refuses the coordinator ({said(error)}). "
                "Check user, password and database in the address given with --store."
            ) from error
        except (ValueError, asyncpg.ClientConfigurationError) as error:
            raise StoreError(
                f"The address given with --store cannot be used ({said(error)}). "
                "It looks like postgres://user@host:5432/database."
            ) from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise LostError(said(error)) from error

    def script(self, text: str) -> str:
        """Send statements with their values in them; the status of the last. Raises as `rows` does."""
        status: str = self._wait(self._connection.execute(text))
        return status

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one query.

        Raises:
            LostError: no answer came.
            asyncpg.PostgresError, asyncpg.DataError: it said no.
        """
        return [tuple(row) for row in self._wait(self._connection.fetch(query, *values))]

    def drop(self) -> None:
        """Let go of the connection, whatever it is doing."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def close(self) -> None:
        """Let go of everything."""
        self.drop()
        self._loop.close()

    def _wait(self, answer: Coroutine[Any, Any, T]) -> T:
        self.trips += 1
        try:
            return self._loop.run_until_complete(answer)
        except asyncpg.DataError:
            raise
        except asyncpg.PostgresError as error:
            if not self._connection.is_closed() and not isinstance(error, asyncpg.PostgresConnectionError):
                raise
            self.drop()
            raise LostError(said(error)) from error
        except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            self.drop()
            raise LostError(said(error)) from error


async def _hear() -> None:
    """Let the loop take in what has arrived: an end of the connection takes three turns to be known."""
    for _ in range(3):
        await asyncio.sleep(0)


def of_the_unit(error: Exception) -> bool:
    """Whether a unit's own statement failed; else the server did, or would not go on."""
    code: str | None = getattr(error, "sqlstate", None)
    return code is None or code[:2] in _UNIT_CLASSES


def said(error: Exception) -> str:
    """What the server or the system said, without details that could quote a row."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error.args[0]) if error.args else type(error).__name__
