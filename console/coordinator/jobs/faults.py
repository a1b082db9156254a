"""What is logged of a fault: the database's own words; of any other its kind and place, never its words,
which could hold a piece of a prompt."""

from __future__ import annotations

import traceback

from console.coordinator.store import ConflictError, StoreError


def told(error: BaseException) -> str:
    """For the log."""
    if isinstance(error, StoreError | ConflictError):
        return str(error)
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()
