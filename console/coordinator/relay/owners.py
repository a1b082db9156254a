"""Which coordinator owns which group now, as their databases say."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from console.coordinator.beside import Reader
from console.coordinator.store import OwnerRow, StoreError
from console.coordinator.store.sql.owner import owner_of
from console.coordinator.store.unit.owner import LEFT

log = logging.getLogger(__name__)
_FRESH_S = 2.0


class Owners:
    """The owners of some databases, asked again when what is known is old or turned out to be wrong."""

    def __init__(self, databases: Sequence[Reader]) -> None:
        """`databases`: one of each group."""
        self._databases = databases
        self._known: list[OwnerRow] = []
        self._known_s = -_FRESH_S
        self._turn = asyncio.Lock()

    async def now(self, *, after_s: float = 0.0) -> list[OwnerRow]:
        """All owners that did not let go. `after_s`: as it was after that steady moment at least."""
        async with self._turn:
            if self._known_s < max(after_s, time.monotonic() - _FRESH_S):
                asked_s = time.monotonic()
                found = await asyncio.gather(*map(_ask, self._databases))
                self._known = [row for row in found if row is not None and row.beat != LEFT and row.address]
                self._known_s = asked_s
            return self._known


async def _ask(database: Reader) -> OwnerRow | None:
    try:
        return await database.read(owner_of)
    except StoreError as error:
        log.warning("a group's database does not say who owns it: %s", error)
        return None
