"""The SQL of `store.unit.owner`: who writes this database."""

from __future__ import annotations

from console.coordinator.store.database import Readable
from console.coordinator.store.errors import ConflictError, NotOwnerError
from console.coordinator.store.sql.part import SqlPart, columns, excluded, marks, values_of
from console.coordinator.store.unit.owner import OwnerRow

_TAKE = (
    f"INSERT INTO owner (one, {columns(OwnerRow)}) VALUES (1, {marks(OwnerRow)}) "
    f"ON CONFLICT (one) DO UPDATE SET {excluded(OwnerRow)} WHERE owner.token = ? AND owner.beat = ?"
)


def owner_of(database: Readable) -> OwnerRow | None:
    """Who owns the database, or owned it last."""
    row = database.execute(f"SELECT {columns(OwnerRow)} FROM owner").fetchone()
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
