"""What a store may answer instead of a result."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot do it; the text says why and what to do. Nothing of the unit happened."""


class NotOwnerError(StoreError):
    """Another coordinator owns the database now; nothing of this one is written any more."""

    def __init__(self) -> None:
        super().__init__(
            "Another coordinator has taken this database over, so nothing more is written by this one."
        )


class OutcomeUnknownError(StoreError):
    """The exception: at the end the database is gone, and whether the unit stands is not known."""


class ConflictError(Exception):
    """Somebody was first: the job is not in the state expected, or the transaction is booked already.

    Or what the unit wrote rests on something that is not there.

    A unit that meets one cannot stand, even if it catches it.
    """


class OutOfTurnError(ConflictError):
    """A draw that does not follow upon the last one on record; read again where that stands."""


class OverdrawnError(Exception):
    """An account would fall below zero. A unit that meets one cannot stand, even if it catches it."""
