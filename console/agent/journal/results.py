"""Results in the journal: sealed before they are sent, erased once they are answered and judged.

Beside each result lies, sealed too, what it takes to judge the answer again: what was asked, what was
answered, and the opening. An accepted answer's is erased with its verdict; a rejected answer's stays until
the dispute window closes, so that its operator can look for himself and complain with figures.
"""

from __future__ import annotations

import sqlite3

import msgspec

from console.agent.clock import local_day
from console.agent.journal.columns import claim
from console.agent.journal.database import Database
from console.agent.journal.jobs import put_job
from console.agent.journal.records import JobRecord, Kept, Question
from console.agent.journal.seal import Sealer
from console.control.wire import Moment
from console.protocol.types import Result

AUDIT_WINDOW_S = 3600
"""An opening that nobody asked for is erased after so long."""
DISPUTE_WINDOW_S = 7 * 86_400
"""The evidence of a rejected answer is kept for so long after the verdict."""
DISPUTES_KEPT = 100
"""No network can fill the disk with rejections: of more, the oldest go first (1,024 tokens: 33 MB)."""

_Sealed = tuple[Question, Result]


class ResultTable:
    """At most one result per attempt, ever."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def put(
        self,
        record: JobRecord,
        result: Result,
        opening: bytes,
        moment: Moment,
        question: Question | None = None,
    ) -> bool:
        """Journal a finished answer, its job's new state and what it claims, in one transaction.

        `question`: without it the answer cannot be judged again here. False, and nothing changes, when this
        attempt has a result already.
        """
        key = (result.job, result.attempt)
        message = self._sealer.seal(msgspec.msgpack.encode(result), _place("result", *key))
        sealed = self._sealer.seal(opening, _place("opening", *key))
        evidence = None
        if question is not None:
            evidence = self._sealer.seal(msgspec.msgpack.encode((question, result)), _place("evidence", *key))

        def change(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?)", (*key, moment.at_ms, message, sealed)
            )
            if cursor.rowcount != 1:
                return False
            if evidence is not None:
                until_ms = moment.at_ms + AUDIT_WINDOW_S * 1000
                connection.execute("INSERT INTO evidence VALUES (?, ?, ?, ?)", (*key, until_ms, evidence))
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

    async def kept(self, job: str, attempt: int) -> Kept | None:
        """What it takes to judge an answer again, while it is kept and this node's key opens it."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT e.sealed, e.until_ms, r.opening FROM evidence e JOIN results r USING (job, attempt) "
                "WHERE e.job = ? AND e.attempt = ? AND r.opening IS NOT NULL",
                (job, attempt),
            ).fetchone()
        )
        if row is None:
            return None
        plain = self._sealer.open(row[0], _place("evidence", job, attempt))
        opening = self._sealer.open(row[2], _place("opening", job, attempt))
        if plain is None or opening is None:
            return None
        question, result = msgspec.msgpack.decode(plain, type=_Sealed)
        return Kept(question, result, opening, row[1])

    async def answered(self, job: str, attempt: int) -> None:
        """Erase the message: the network has it, or never will."""
        await self._database.write(
            lambda c: c.execute(
                "UPDATE results SET message = NULL WHERE job = ? AND attempt = ?", (job, attempt)
            )
        )

    async def judged(self, job: str, attempt: int) -> None:
        """Erase opening and evidence: nobody will ask for them any more."""

        def change(connection: sqlite3.Connection) -> None:
            key = (job, attempt)
            connection.execute("UPDATE results SET opening = NULL WHERE job = ? AND attempt = ?", key)
            connection.execute("DELETE FROM evidence WHERE job = ? AND attempt = ?", key)

        await self._database.write(change)

    async def disputable(self, job: str, attempt: int, now_ms: int) -> None:
        """The answer was rejected at `now_ms`: keep its evidence until the dispute window closes."""
        until_ms = now_ms + DISPUTE_WINDOW_S * 1000

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE evidence SET until_ms = ? WHERE job = ? AND attempt = ?", (until_ms, job, attempt)
            )
            connection.execute(
                "DELETE FROM evidence WHERE until_ms > ? AND (job, attempt) NOT IN (SELECT job, attempt FROM "
                "evidence ORDER BY until_ms DESC LIMIT ?)",
                (now_ms + AUDIT_WINDOW_S * 1000, DISPUTES_KEPT),
            )

        await self._database.write(change)

    async def expire(self, now_ms: int) -> None:
        """Erase what nobody asked for in time, and what can no longer be disputed."""
        before = now_ms - AUDIT_WINDOW_S * 1000

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM evidence WHERE until_ms < ?", (now_ms,))
            connection.execute(
                "UPDATE results SET opening = NULL WHERE finished_ms < ? AND opening IS NOT NULL "
                "AND (job, attempt) NOT IN (SELECT job, attempt FROM evidence)",
                (before,),
            )

        await self._database.write(change)


def _place(kind: str, job: str, attempt: int) -> str:
    return f"{kind}/{job}/{attempt}"
