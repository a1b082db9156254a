"""What went wrong with a PostgreSQL server, as the operator is told it."""

from __future__ import annotations

from console.coordinator.store.errors import NotOwnerError, OutcomeUnknownError, StoreError
from console.coordinator.store.postgres_link import said

_FULL = "53100"
_NOT_OWNED = "55006"
"""Raised by `quarterdeck_owner`."""


def away(name: str, why: str) -> StoreError:
    """The server called `name` cannot be reached."""
    return StoreError(
        f"PostgreSQL at {name} cannot be reached ({why}), so nothing of this was "
        "written. The coordinator keeps trying; see whether that server runs and its network works."
    )


def in_doubt(name: str) -> OutcomeUnknownError:
    """It went away during a commit, and there is no more time to ask it."""
    return OutcomeUnknownError(
        f"PostgreSQL at {name} went away during a commit and has not come back, so "
        "whether that was written is not known. It stands wholly or not at all; look there."
    )


def refused(name: str, error: Exception) -> StoreError:
    """It answered `error`."""
    if getattr(error, "sqlstate", None) == _NOT_OWNED:
        return NotOwnerError()
    if getattr(error, "sqlstate", None) == _FULL:
        return StoreError(
            f"The disk of PostgreSQL at {name} is full, so nothing can be booked safely. "
            "Free space on it; what was booked before is untouched."
        )
    return StoreError(
        f"PostgreSQL at {name} could not carry this out ({said(error)}), so nothing of it was "
        "written. Its log says more."
    )
