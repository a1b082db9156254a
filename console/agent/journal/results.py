"""Results in the journal: sealed before they are sent, erased once they are answered and judged."""

from __future__ import annotations

import sqlite3

import msgspec

from console.agent.clock import local_day
from console.agent.journal.columns import claim
from console.agent.journal.database import Database
from console.agent.journal.jobs import put_job
from console.agent.journal.records import JobRecord
from console.agent.journal.seal import Sealer
from console.control.wire import Moment
from console.protocol.types import Result

AUDIT_WINDOW_S = 3600
"""An opening that nobody asked for is erased after so long."""


class ResultTable:
    """At most one result per attempt, ever."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def put(self, record: JobRecord, result: Result, opening: bytes, moment: Moment) -> bool:
        """Journal a finished answer, its job's new state and what it claims, in one transaction.

        False, and nothing changes, when this attempt has a result already.
        """
        key = (result.job, result.attempt)
        message = self._sealer.seal(msgspec.msgpack.encode(result), _place("result", *key))
        sealed = self._sealer.seal(opening, _place("opening", *key))

        def change(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?)", (*key, moment.at_ms, message, sealed)
            )
            if cursor.rowcount != 1:
                return False
            put_job(connection, record, (moment,))
            claim(connection, record, moment.at_ms, local_day(moment.at_ms))
            return True

        return await self._database.write(change)

    async def unanswered(self) -> list[Result]:
        """Results that the network has not answered, oldest first. One that cannot be opened is left out."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT job, attempt, message FROM results WHERE message IS NOT NULL ORDER BY finished_ms"
            ).fetchall()
        )
        opened = (self._sealer.open(row[2], _place("result", row[0], row[1])) for row in rows)
        return [msgspec.msgpack.decode(plain, type=Result) for plain in opened if plain is not None]

    async def result(self, job: str, attempt: int) -> Result | None:
        """The result of one attempt, while it is kept."""
        return next((r for r in await self.unanswered() if (r.job, r.attempt) == (job, attempt)), None)

    async def has(self, job: str, attempt: int) -> bool:
        """Whether this attempt has, or had, a result."""
        return await self._database.read(
            lambda c: (
                c.execute("SELECT 1 FROM results WHERE job = ? AND attempt = ?", (job, attempt)).fetchone()
                is not None
            )
        )

    async def opening(self, job: str, attempt: int) -> bytes | None:
        """The blob behind an answer's commitment, while it is kept."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT opening FROM results WHERE job = ? AND attempt = ?", (job, attempt)
            ).fetchone()
        )
        if row is None or row[0] is None:
            return None
        return self._sealer.open(row[0], _place("opening", job, attempt))

    async def answered(self, job: str, attempt: int) -> None:
        """Erase the message: the network has it, or never will."""
        await self._erase("message", job, attempt)

    async def judged(self, job: str, attempt: int) -> None:
        """Erase the opening: nobody will ask for it any more."""
        await self._erase("opening", job, attempt)

    async def expire(self, now_ms: int) -> None:
        """Erase openings whose audit window has closed."""
        before = now_ms - AUDIT_WINDOW_S * 1000
        await self._database.write(
            lambda c: c.execute(
                "UPDATE results SET opening = NULL WHERE finished_ms < ? AND opening IS NOT NULL", (before,)
            )
        )

    async def _erase(self, column: str, job: str, attempt: int) -> None:
        statement = f"UPDATE results SET {column} = NULL WHERE job = ? AND attempt = ?"
        await self._database.write(lambda c: c.execute(statement, (job, attempt)))


def _place(kind: str, job: str, attempt: int) -> str:
    return f"{kind}/{job}/{attempt}"
