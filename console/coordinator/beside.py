"""Reading the database beside whoever writes it, so that a question to the books holds up no draw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from console.coordinator.store.database import Readable
from console.coordinator.store.opening import Whereabouts, looking

T = TypeVar("T")


class Reader(Protocol):
    """Something that the books can be read with."""

    async def read(self, query: Callable[[Readable], T]) -> T:
        """What `query` makes of the database as it is at one moment. Raises StoreError."""
        ...

    def another(self) -> Reader:
        """One of the same database, whose reads do not wait for those of this one."""
        ...


class Beside:
    """A `Reader` on a thread of its own, with a connection for each read."""

    def __init__(self, where: Whereabouts) -> None:
        """`where`: the database."""
        self._where = where
        self._turn = asyncio.Lock()
        """One read at a time: a server has so many connections, and a transcript may be tens of megabytes."""

    async def read(self, query: Callable[[Readable], T]) -> T:
        """See `Reader.read`."""
        async with self._turn:
            return await asyncio.to_thread(self._look, query)

    def another(self) -> Beside:
        """See `Reader.another`."""
        return Beside(self._where)

    def _look(self, query: Callable[[Readable], T]) -> T:
        with looking(self._where) as db:
            return query(db)
