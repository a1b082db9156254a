"""What every part of the SQL shares: rows to structs and back."""

from __future__ import annotations

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
        statement = f"{_insertion(table, row)} ON CONFLICT DO NOTHING"
        self.database.must(statement, values_of(row), ConflictError(again))

    def replace(self, table: str, row: msgspec.Struct, *key: str) -> None:
        """Add a row, or give its values to the one that stands under the same primary `key`."""
        changes = ", ".join(f'"{n}" = excluded."{n}"' for n in row.__struct_fields__ if n not in key)
        statement = f"{_insertion(table, row)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
        self.database.execute(statement, values_of(row))

    def one(self, kind: type[S], query: str, *values: Any) -> S | None:
        """The row that a query finds, None for none; `{}` stands for its columns."""
        rows = self.all(kind, query, *values)
        return rows[0] if rows else None

    def all(self, kind: type[S], query: str, *values: Any) -> list[S]:
        """The rows that a query finds, each as a struct of `kind`; `{}` stands for its columns."""
        columns = ", ".join(f'"{name}"' for name in kind.__struct_fields__)
        return [kind(*row) for row in self.database.execute(query.format(columns), values)]

    def value(self, query: str, *values: Any) -> int:
        """The one number that a query gives; 0 for NULL."""
        return int(self.database.execute(query, values).fetchone()[0] or 0)


def _insertion(table: str, row: msgspec.Struct) -> str:
    names = row.__struct_fields__
    columns, marks = ", ".join(f'"{n}"' for n in names), ", ".join("?" for _ in names)
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"


def values_of(row: msgspec.Struct) -> tuple[Any, ...]:
    """In the order of the fields; a tuple of structs as JSON."""
    values = (getattr(row, name) for name in row.__struct_fields__)
    return tuple(msgspec.json.encode(v).decode() if isinstance(v, tuple) else v for v in values)
