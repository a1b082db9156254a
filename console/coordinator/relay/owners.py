"""Which coordinator owns which group now, as their databases say."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Sequence

from console.coordinator.beside import Reader
from console.coordinator.store import OwnerRow, StoreError
from console.coordinator.store.sql.owner import owner_of

log = logging.getLogger(__name__)
_FRESH_S = 2.0
_WAIT_S = 2.0
"""A database that does not answer holds up no request for longer, and none of another group."""


class Owners:
    """The owners of some databases: the last that each of them named, whether it let go or not."""

    def __init__(self, databases: Sequence[Reader]) -> None:
        """`databases`: one of each group."""
        self._groups = [_Group(database) for database in databases]

    async def now(self, *, after_s: float = 0.0) -> list[OwnerRow]:
        """As each database said last. `after_s`: those that were not asked since that steady moment are."""
        await asyncio.gather(*(group.look(after_s) for group in self._groups))
        return [group.row for group in self._groups if group.row is not None and group.row.address]

    @property
    def all_known(self) -> bool:
        """Whether every database has named an owner: then a model that none of them serves is nobody's."""
        return all(group.row is not None for group in self._groups)


class _Group:
    """One database, read by one reading at a time, whose answer all get who wait for it."""

    def __init__(self, database: Reader) -> None:
        self._database = database
        self._reading: asyncio.Task[None] | None = None
        self._read_s = -math.inf
        self.row: OwnerRow | None = None

    async def look(self, after_s: float) -> None:
        """What is known will do for a while, and for as long as it is read anew unless that is asked for."""
        if self._read_s >= max(after_s, time.monotonic() - _FRESH_S):
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        if self.row is None or after_s:
            await asyncio.wait({self._reading}, timeout=_WAIT_S)

    async def _read(self) -> None:
        try:
            self.row = await self._database.read(owner_of)
        except StoreError as error:
            log.warning("a group's database does not say who owns it: %s", error)
        self._read_s = time.monotonic()
