"""Looking into PostgreSQL beside whoever writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import asyncpg

from console.coordinator.store.database import Readable, Values
from console.coordinator.store.dialect import checked, statement
from console.coordinator.store.errors import StoreError
from console.coordinator.store.postgres_link import Link, LostError, said
from console.coordinator.store.postgres_view import Rows


@contextlib.contextmanager
def look(url: str) -> Iterator[Readable]:
    """One moment of it. Raises StoreError."""
    link = Link(url)
    try:
        link.connect()
        link.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield _Look(link)
    except (LostError, asyncpg.PostgresError) as error:
        raise StoreError(
            f"PostgreSQL at {link.name} could not be read ({said(error)}). See whether it runs, and whether "
            "a coordinator keeps its data there."
        ) from error
    finally:
        link.close()


class _Look:
    """A `Readable`."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def execute(self, sql: str, values: Values = ()) -> Any:
        """See `Readable.execute`."""
        return Rows(self._link.rows(statement(sql), checked(values)))
