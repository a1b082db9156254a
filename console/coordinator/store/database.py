"""What a unit's statements run on: the few calls that both databases answer.

Statements are written in SQLite's dialect, of which PostgreSQL's adapter translates the part that is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

Values = Sequence[Any]


class Answer(Protocol):
    """What a statement gave. Look at it before the next statement, if at all: not looking may save a trip."""

    @property
    def rowcount(self) -> int:
        """Rows that a write changed."""
        ...

    def fetchone(self) -> Any:
        """The first row, a tuple; None when there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows, tuples."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Readable(Protocol):
    """What can be asked."""

    def execute(self, sql: str, values: Values = (), /) -> Answer:
        """Run one statement."""
        ...


class Database(Readable, Protocol):
    """One open transaction."""

    def executemany(self, sql: str, rows: Iterable[Values], /) -> object:
        """Run one write for each of `rows`."""
        ...

    def must(self, sql: str, values: Values, error: Exception, /) -> None:
        """Run a write that changes exactly one row, or the unit fails with `error`: here, or as it ends."""
        ...
