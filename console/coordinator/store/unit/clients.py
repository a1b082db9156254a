"""A unit of work on clients: their repeated requests, what they spend."""

from __future__ import annotations

from typing import Protocol

import msgspec

from console.protocol.ids import JobId


class IdempotencyRow(msgspec.Struct, frozen=True):
    """A client's key that makes its request safe to repeat, and the job that it stands for."""

    client: str
    key: str
    """Keyed hash of what the client sent, see `Secrets.fingerprint`."""
    body: str
    """Keyed hash of the request's body."""
    job: JobId


class ClientUnit(Protocol):
    """This part of an open transaction."""

    def idempotency(self, client: str, key: str) -> IdempotencyRow | None:
        """What that key of the client's stands for."""
        ...

    def save_idempotency(self, row: IdempotencyRow) -> None:
        """Insert or replace."""
        ...

    def spend(self, client: str, key: str, day: int, amount: int) -> None:
        """Count nano-credits as spent on a day, in days since 1970 UTC; below zero: given back.

        Raises OverdrawnError: more would be given back than was spent.
        """
        ...

    def spent(self, client: str, key: str | None, since_day: int) -> int:
        """Nano-credits spent since that day, that day included, with `key`; None: with all keys together."""
        ...
