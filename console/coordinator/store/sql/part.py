"""What every part of the SQL shares: rows to structs and back."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

from console.coordinator.store.database import Database
from console.coordinator.store.errors import ConflictError

S = TypeVar("S", bound=msgspec.Struct)


class SqlPart:
    """Statements over one open transaction, in SQLite's dialect; the store's thread owns it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert(self, table: str, row: msgspec.Struct, again: str = "it stands already") -> None:
        """Add a row. One that stands already is a conflict, for which `again` are the words."""
        statement = f"{_insertion(table, type(row))} ON CONFLICT DO NOTHING"
        self.database.must(statement, values_of(row), ConflictError(again))

    def replace(self, table: str, row: msgspec.Struct, *key: str) -> None:
        """Add a row, or give its values to the one that stands under the same primary `key`."""
        changes = excluded(type(row), *key)
        statement = f"{_insertion(table, type(row))} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
        self.database.execute(statement, values_of(row))

    def one(self, kind: type[S], query: str, *values: Any) -> S | None:
        """The row that a query finds, None for none; `{}` stands for its columns."""
        rows = self.all(kind, query, *values)
        return rows[0] if rows else None

    def all(self, kind: type[S], query: str, *values: Any) -> list[S]:
        """The rows that a query finds, each as a struct of `kind`; `{}` stands for its columns."""
        return [kind(*row) for row in self.database.execute(query.format(columns(kind)), values)]

    def value(self, query: str, *values: Any) -> int:
        """The one number that a query gives; 0 for NULL."""
        return int(self.database.execute(query, values).fetchone()[0] or 0)


@cache
def _insertion(table: str, kind: type[msgspec.Struct]) -> str:
    return f"INSERT INTO {table} ({columns(kind)}) VALUES ({marks(kind)})"


@cache
def columns(kind: type[msgspec.Struct]) -> str:
    """Their names, in the order of the fields."""
    return ", ".join(f'"{name}"' for name in kind.__struct_fields__)


@cache
def marks(kind: type[msgspec.Struct]) -> str:
    """A place for each column's value, as in an INSERT."""
    return ", ".join("?" for _ in kind.__struct_fields__)


@cache
def excluded(kind: type[msgspec.Struct], *key: str) -> str:
    """Every column that is no part of `key` given the value that was to be inserted."""
    return ", ".join(f'"{name}" = excluded."{name}"' for name in kind.__struct_fields__ if name not in key)


@cache
def assignments(kind: type[msgspec.Struct]) -> str:
    """Every column of it given a value, as in an UPDATE."""
    return ", ".join(f'"{name}" = ?' for name in kind.__struct_fields__)


def values_of(row: msgspec.Struct) -> tuple[Any, ...]:
    """In the order of the fields; a tuple of structs as JSON."""
    values = msgspec.structs.astuple(row)
    if not any(isinstance(value, tuple) for value in values):
        return values
    return tuple(msgspec.json.encode(v).decode() if isinstance(v, tuple) else v for v in values)
