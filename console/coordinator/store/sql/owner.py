"""The SQL of `store.unit.owner`: who writes this database."""

from __future__ import annotations

from console.coordinator.store.database import Readable
from console.coordinator.store.errors import ConflictError, NotOwnerError
from console.coordinator.store.sql.part import SqlPart, values_of
from console.coordinator.store.unit.owner import OwnerRow

_COLUMNS = ", ".join(f'"{name}"' for name in OwnerRow.__struct_fields__)
_TAKE = (
    f"INSERT INTO owner (one, {_COLUMNS}) VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET "
    + ", ".join(f'"{name}" = excluded."{name}"' for name in OwnerRow.__struct_fields__)
    + " WHERE owner.token = ? AND owner.beat = ?"
)


def owner_of(database: Readable) -> OwnerRow | None:
    """Who owns the database, or owned it last."""
    row = database.execute(f"SELECT {_COLUMNS} FROM owner").fetchone()
    return None if row is None else OwnerRow(*row)


class SqlOwner(SqlPart):
    """See `store.unit.owner`."""

    def owner(self) -> OwnerRow | None:
        """The one row, if there is one."""
        return owner_of(self.database)

    def take_over(self, row: OwnerRow, seen: OwnerRow | None) -> None:
        """Replaces the row that was seen."""
        before = (seen.token, seen.beat) if seen is not None else (0, 0)
        other = ConflictError("another coordinator took this database over first")
        self.database.must(_TAKE, (*values_of(row), *before), other)

    def owner_beat(self, token: int, beat: int) -> None:
        """Of the owner with that token alone."""
        self.database.must("UPDATE owner SET beat = ? WHERE token = ?", (beat, token), NotOwnerError())
