"""An open PostgreSQL transaction as one unit of it sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from console.coordinator.store.database import Values
from console.coordinator.store.postgres_script import Part

if TYPE_CHECKING:
    from console.coordinator.store.postgres_batch import Batch


class Rows:
    """An `Answer`: rows that are here, or a count that is asked for when it is looked at."""

    def __init__(self, rows: list[tuple[Any, ...]], count: Callable[[], int] | None = None) -> None:
        self._rows = rows
        self._count = count

    @property
    def rowcount(self) -> int:
        """See `Answer.rowcount`."""
        return len(self._rows) if self._count is None else self._count()

    def fetchone(self) -> Any:
        """See `Answer.fetchone`."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[Any]:
        """See `Answer.fetchall`."""
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


class View:
    """A `Database`."""

    def __init__(self, batch: Batch, part: Part) -> None:
        self._batch = batch
        self._part = part

    def execute(self, sql: str, values: Values = ()) -> Rows:
        """See `Database.execute`."""
        reads = sql.startswith(("SELECT", "WITH")) or "RETURNING" in sql
        if reads:
            return Rows(self._batch.read(self._part, sql, values))
        step = self._batch.write(self._part, sql, values)
        return Rows([], lambda: self._batch.changed(self._part, step))

    def executemany(self, sql: str, rows: Iterable[Values]) -> None:
        """See `Database.executemany`."""
        for row in rows:
            self._batch.write(self._part, sql, row)

    def must(self, sql: str, values: Values, error: Exception) -> None:
        """See `Database.must`."""
        self._batch.write(self._part, sql, values, error)
