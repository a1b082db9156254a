"""A unit of work on who writes this database: one coordinator at a time, told apart by a rising token."""

from __future__ import annotations

from typing import Protocol

import msgspec

LEFT = -1
"""`beat` of an owner that has let go."""


class OwnerRow(msgspec.Struct, frozen=True):
    """The coordinator that owns the database."""

    token: int
    """Rises by one with each owner: what an earlier one still wants to write is refused by it."""
    holder: str
    """Random name of the process."""
    beat: int
    """Rises for as long as the owner lives; `LEFT` once it has let go."""
    address: str
    """Of its HTTP side, for gateways."""
    group: str
    model: str


class OwnerUnit(Protocol):
    """This part of an open transaction."""

    def owner(self) -> OwnerRow | None:
        """Who owns the database, or owned it last; None: nobody ever did."""
        ...

    def take_over(self, row: OwnerRow, seen: OwnerRow | None) -> None:
        """Make `row` the owner. Raises ConflictError: it is no longer as `seen` that somebody else is."""
        ...

    def owner_beat(self, token: int, beat: int) -> None:
        """The owner of `token` lives, or has `LEFT`. Raises NotOwnerError: it is not the owner any more."""
        ...
