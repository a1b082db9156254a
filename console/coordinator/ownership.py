"""One coordinator at a time owns a database: how it becomes the owner, stays it, and notices that it is not.

Nobody's wall clock decides. Whoever waits watches the owner's beat, and takes over when it has not changed
for the length of a lease on its own steady clock; what the old owner still wants to write is then refused by
the fencing token, in the database, whatever it believes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from console.coordinator.clock import Clock
from console.coordinator.store import ConflictError, NotOwnerError, OwnerRow, Store, StoreError
from console.coordinator.store.unit.owner import LEFT

log = logging.getLogger(__name__)
LEASE_S = 6.0
"""An owner that gives no sign for so long is taken for gone."""
_BEATS_PER_LEASE = 4
_LOOKS_PER_LEASE = 24


class Ownership:
    """This process's claim to one database."""

    def __init__(
        self, store: Store, clock: Clock, holder: str, group: str, model: str, lease_s: float = LEASE_S
    ) -> None:
        """`holder`: a random name of this process; `group`, `model`: what it serves, for gateways."""
        self._store = store
        self._clock = clock
        self._lease_s = lease_s
        self._row = OwnerRow(0, holder, 0, "", group, model)

    @property
    def token(self) -> int:
        """The fencing token; 0 before this process is the owner."""
        return self._row.token

    async def take(self, address: str, *, alone: bool = False, waits: bool = False) -> None:
        """Become the owner. `alone`: nobody else can be alive; `waits`: for as long as it takes.

        Raises:
            StoreError: the database cannot be used, or has a living owner and this one does not wait.
        """
        self._row = msgspec.structs.replace(self._row, address=address)
        seen, since_s = await self._look(), self._clock.tick_s()
        if seen is not None and seen.beat != LEFT and not alone:
            log.info("the database has an owner at %s; waiting for what becomes of it", _where(seen))
        while not await self._try(seen, alone or self._clock.tick_s() - since_s >= self._lease_s):
            await asyncio.sleep(self._lease_s / _LOOKS_PER_LEASE)
            now = await self._look()
            if now != seen:
                if not waits and now is not None and now.beat != LEFT:
                    raise StoreError(
                        f"Another coordinator, at {_where(now)}, owns this database and is alive. "
                        "Stop it, or start this one with --standby: it takes over when that one is gone."
                    )
                seen, since_s = now, self._clock.tick_s()

    async def keep(self, lost: Callable[[], None]) -> None:
        """Give signs of life until cancelled or let go; calls `lost` once somebody else is the owner."""
        while True:
            await asyncio.sleep(self._lease_s / _BEATS_PER_LEASE)
            token, beat = self.token, self._row.beat + 1
            if not token:
                return
            try:
                await self._beat(token, beat)
            except NotOwnerError as error:
                log.error("%s", error)
                lost()
                return
            except StoreError as error:
                log.error("%s", error)
                continue
            self._row = msgspec.structs.replace(self._row, beat=beat)

    async def leave(self) -> None:
        """Let go, so that whoever waits need not wait longer; never raises."""
        token, self._row = self.token, msgspec.structs.replace(self._row, token=0)
        if not token:
            return
        try:
            await self._beat(token, LEFT)
        except StoreError as error:
            log.info("the database was not let go of: %s", error)

    async def _beat(self, token: int, beat: int) -> None:
        await self._store.transact(lambda unit: unit.owner_beat(token, beat))

    async def _look(self) -> OwnerRow | None:
        return await self._store.transact(lambda unit: unit.owner())

    async def _try(self, seen: OwnerRow | None, over: bool) -> bool:
        if seen is not None and seen.beat != LEFT and not over:
            return False
        row = msgspec.structs.replace(self._row, token=seen.token + 1 if seen is not None else 1)
        try:
            await self._store.transact(lambda unit: unit.take_over(row, seen))
        except ConflictError:
            return False
        self._store.fence(row.token)
        self._row = row
        if seen is not None and seen.beat != LEFT:
            log.warning("this coordinator has taken over from %s", _where(seen))
        return True


def _where(row: OwnerRow | None) -> str:
    return (row.address if row is not None else "") or "an address that it did not name"
