"""Running sums in the journal: what a day, and a model on a day, came to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

SUM_LIMIT = 2**53
"""Nothing real comes near it; a peer that names absurd amounts must not overflow the sums."""


def add_to_day(connection: sqlite3.Connection, day: str, **add: int) -> None:
    """Add to columns of `day` in `totals`."""
    _add(connection, "totals", {"day": day}, add)


def add_to_model(connection: sqlite3.Connection, day: str, model: str, **add: int) -> None:
    """Add to columns of `model` (its group's id) on `day`."""
    _add(connection, "model_days", {"day": day, "model": model}, add)


def bounded(amount: int) -> int:
    """`amount` as the sums can hold it."""
    return max(0, min(amount, SUM_LIMIT))


def _add(connection: sqlite3.Connection, table: str, key: dict[str, Any], add: dict[str, int]) -> None:
    if not any(add.values()):
        return
    names = _listed((*key, *add))
    sums = ", ".join(f"{name} = min({name} + excluded.{name}, {SUM_LIMIT})" for name in add)
    marks = _listed("?" for _ in (*key, *add))
    connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({_listed(key)}) DO UPDATE SET {sums}",
        (*key.values(), *(bounded(amount) for amount in add.values())),
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
