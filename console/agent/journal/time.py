"""How the node's time went, in the journal: spells of one reason each, and what each day had of each kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import msgspec

from console.agent.journal.database import Database
from console.agent.journal.sums import add_to_day, add_to_model
from console.control.timeline import DayTime, Spell

SPELLS_KEPT_MS = 8 * 86_400_000


class TimeSpent(msgspec.Struct, frozen=True):
    """What to add to a day."""

    earning_ms: int = 0
    idle_ms: int = 0
    paused_ms: int = 0
    down_ms: int = 0
    worked_ms: int = 0
    online_ms: int = 0
    energy_mwh: int = 0


Days = Mapping[str, TimeSpent]
_KINDS = ("earning_ms", "idle_ms", "paused_ms", "down_ms")


class TimeTable:
    """Spells never overlap, and end after they begin; between two of them the agent did not run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, spells: Sequence[Spell], days: Days, model: str) -> None:
        """Write `spells`, each as long as it is by now, and add `days`; work counts for `model` too."""

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO spells VALUES (?, ?, ?) ON CONFLICT (since_ms) DO UPDATE SET "
                "until_ms = max(until_ms, excluded.until_ms), code = excluded.code",
                [(spell.since_ms, spell.until_ms, spell.code) for spell in spells],
            )
            if spells:
                before = spells[-1].until_ms - SPELLS_KEPT_MS
                connection.execute("DELETE FROM spells WHERE since_ms < ?", (before,))
            for day, spent in days.items():
                add_to_day(connection, day, **msgspec.structs.asdict(spent))
                add_to_model(connection, day, model, worked_ms=spent.worked_ms)

        await self._database.write(change)

    async def spells(self, since_ms: int) -> list[Spell]:
        """Spells that reach beyond `since_ms`, oldest first."""
        return await self._database.read(lambda c: _spells(c, since_ms))

    async def latest(self, limit: int) -> list[Spell]:
        """The newest spells, oldest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT since_ms, code, until_ms FROM spells ORDER BY since_ms DESC LIMIT ?", (limit,)
            ).fetchall()
        )
        return [Spell(*row) for row in reversed(rows)]

    async def cut(self, at_ms: int, day: str, day_ms: int, sums: Callable[[Sequence[Spell]], Days]) -> None:
        """Forget what lies after `at_ms`: the clock was set back, and that time is still to come.

        `day`, which began at `day_ms`, and later days have of each kind what `sums` finds in the spells left.
        """

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM spells WHERE since_ms >= ?", (at_ms,))
            connection.execute("UPDATE spells SET until_ms = ? WHERE until_ms > ?", (at_ms, at_ms))
            nothing = ", ".join(f"{name} = 0" for name in _KINDS)
            connection.execute(f"UPDATE totals SET {nothing} WHERE day >= ?", (day,))
            left = [
                Spell(max(spell.since_ms, day_ms), spell.code, spell.until_ms)
                for spell in _spells(connection, day_ms)
            ]
            for name, spent in sums(left).items():
                add_to_day(connection, name, **{kind: getattr(spent, kind) for kind in _KINDS})

        await self._database.write(change)

    async def days(self, last: str, limit: int) -> tuple[DayTime, ...]:
        """The newest days up to `last` in which the agent ran, newest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT day, earning_ms / 1000, idle_ms / 1000, paused_ms / 1000, down_ms / 1000 FROM totals "
                "WHERE day <= ? AND earning_ms + idle_ms + paused_ms + down_ms > 0 "
                "ORDER BY day DESC LIMIT ?",
                (last, limit),
            ).fetchall()
        )
        return tuple(DayTime(*row) for row in rows)


def _spells(connection: sqlite3.Connection, since_ms: int) -> list[Spell]:
    rows = connection.execute(
        "SELECT since_ms, code, until_ms FROM spells WHERE since_ms >= coalesce("
        "(SELECT max(since_ms) FROM spells WHERE since_ms <= ?), ?) AND until_ms > ? ORDER BY since_ms",
        (since_ms, since_ms, since_ms),
    ).fetchall()
    return [Spell(*row) for row in rows]
