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

    def insert(self, verb: str, row: msgspec.Struct, again: str = "it stands already") -> None:
        """A plain INSERT of what stands already is a conflict, for which `again` are the words."""
        statement = _insert(verb, type(row))
        if verb.startswith("INSERT INTO"):
            self.database.must(statement, values_of(row), ConflictError(again))
        else:
            self.database.execute(statement, values_of(row))

    def one(self, kind: type[S], query: str, *values: Any) -> S | None:
        """The row that a query finds, None for none; `{}` stands for its columns."""
        rows = self.all(kind, query, *values)
        return rows[0] if rows else None

    def all(self, kind: type[S], query: str, *values: Any) -> list[S]:
        """The rows that a query finds, each as a struct of `kind`; `{}` stands for its columns."""
        return [kind(*row) for row in self.database.execute(_select(query, kind), values)]

    def value(self, query: str, *values: Any) -> int:
        """The one number that a query gives; 0 for NULL."""
        return int(self.database.execute(query, values).fetchone()[0] or 0)


def values_of(row: msgspec.Struct) -> tuple[Any, ...]:
    """In the order of the fields; a tuple of structs as JSON."""
    return tuple(
        msgspec.json.encode(v).decode() if isinstance(v, tuple) else v for v in msgspec.structs.astuple(row)
    )


# The statements are few and used for every row: their text is made once.


@cache
def columns_set(kind: type[msgspec.Struct]) -> str:
    """Of an UPDATE that writes all of a row but its first field, the key, whose index is left alone so."""
    return ", ".join(f'"{name}" = ?' for name in kind.__struct_fields__[1:])


@cache
def _insert(verb: str, kind: type[msgspec.Struct]) -> str:
    names = kind.__struct_fields__
    columns, marks = ", ".join(f'"{n}"' for n in names), ", ".join("?" for _ in names)
    but = " ON CONFLICT DO NOTHING" if verb.startswith("INSERT INTO") else ""
    return f"{verb} ({columns}) VALUES ({marks}){but}"


@cache
def _select(query: str, kind: type[msgspec.Struct]) -> str:
    return query.format(", ".join(f'"{name}"' for name in kind.__struct_fields__))
