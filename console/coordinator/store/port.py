"""The port `Store`: units of work, each of which happens wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from console.coordinator.store.unit import Unit

T = TypeVar("T")


class Store(Protocol):
    """A database of the coordinator."""

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in one transaction and return its result once that is on disk.

        `work` runs on the store's thread, alone; what it raises undoes it and is raised here. A conflict
        or an overdraft is raised in `work` by the statement that meets it, or here once `work` has
        returned. A caller that is cancelled while it waits does not undo it. A commit that a server did
        not answer waits here until the server is back and says whether it stands.

        Raises:
            StoreError: the database failed (full disk, I/O error, a server that is away).
            NotOwnerError: it is fenced, and another coordinator owns the database.
        """
        ...

    def fence(self, token: int) -> None:
        """From the next unit on, each happens only while the database's owner has this token.

        That is asked within the unit's own transaction: a coordinator that was thought dead, and is not,
        changes nothing after another has taken over.
        """
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the file."""
        ...
