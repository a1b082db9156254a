"""What became of answers: columns that do not agree, rejections, and the lines of the export. Reads only."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from console.agent.journal.database import Database
from console.control.state import JobState
from console.protocol.types import Receipt, Verdict

T = TypeVar("T")

_APART = "(passed IS NULL OR settled IS NULL OR passed != claimed OR settled != claimed)"
"""As in the index `answers_apart`, word for word: SQLite uses it for nothing else."""


class Apart(msgspec.Struct, frozen=True):
    """An answer whose columns do not agree, or not yet. Nano-credits and milliseconds."""

    job: str
    attempt: int
    finished_ms: int
    claimed: int
    passed: int | None
    """None: not judged."""
    settled: int | None
    """None: no receipt."""
    judged_ms: int
    state: JobState


class Booking(msgspec.Struct, frozen=True):
    """A receipt, or an answer that has none. `at_ms`: when it was booked, else when it was finished."""

    at_ms: int
    job: str
    attempt: int
    model: str
    """The model's group."""
    name: str
    state: JobState
    prompt_tokens: int
    completion_tokens: int
    claimed: int
    receipt: Receipt | None


class AnswerTable:
    """Reads of what answers came to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apart(self, since_ms: int, limit: int) -> list[Apart]:
        """Answers finished since then whose columns do not agree, newest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT a.job, a.attempt, a.finished_ms, a.claimed, a.passed, a.settled, a.judged_ms, "
                "j.state FROM answers AS a JOIN jobs AS j ON j.job = a.job AND j.attempt = a.attempt "
                f"WHERE {_APART} AND a.finished_ms >= ? ORDER BY a.finished_ms DESC LIMIT ?",
                (since_ms, limit),
            ).fetchall()
        )
        return [Apart(*row) for row in rows]

    async def undecided(self) -> int:
        """Answers that the network has and has not judged."""
        row = await self._database.read(
            lambda c: c.execute("SELECT count(*) FROM jobs WHERE state = 'answered'").fetchone()
        )
        return int(row[0])

    async def rejected(self, limit: int) -> list[tuple[int, Verdict | None, Receipt | None]]:
        """The newest rejected answers, newest first: when, by which verdict, with which receipt."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT v.at_ms, v.record, r.record FROM verdicts AS v "
                "LEFT JOIN receipts AS r ON r.job = v.job AND r.attempt = v.attempt "
                "WHERE v.outcome = 'rejected' UNION ALL "
                "SELECT r.at_ms, NULL, r.record FROM receipts AS r WHERE r.outcome = 'rejected' "
                "AND NOT EXISTS (SELECT 1 FROM verdicts AS v WHERE v.job = r.job AND v.attempt = r.attempt) "
                "ORDER BY 1 DESC LIMIT ?",
                (limit,),
            ).fetchall()
        )
        return [(row[0], _decoded(row[1], Verdict), _decoded(row[2], Receipt)) for row in rows]

    async def rejections(self, since_ms: int, limit: int) -> list[int]:
        """When answers were rejected since then, by the verdicts' own times, newest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT at_ms FROM verdicts WHERE outcome = 'rejected' AND at_ms >= ? "
                "ORDER BY at_ms DESC LIMIT ?",
                (since_ms, limit),
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def bookings(self, since_ms: int, until_ms: int, limit: int) -> list[Booking]:
        """Receipts booked in [since, until), and answers finished in it that have none; oldest first."""
        times = (since_ms, until_ms)
        rows = await self._database.read(
            lambda c: c.execute(_BOOKINGS, (*times, limit, *times, limit, limit)).fetchall()
        )
        return [Booking(*(*row[:9], _decoded(row[9], Receipt))) for row in rows]


_SHOWN = (
    "coalesce(a.model, ''), coalesce(m.name, ''), j.state, coalesce(a.prompt_tokens, 0), "
    "coalesce(a.completion_tokens, 0), coalesce(a.claimed, 0)"
)
_BOOKINGS = f"""
SELECT * FROM (
    SELECT r.at_ms, r.job, r.attempt, {_SHOWN}, r.record FROM receipts AS r
    JOIN jobs AS j ON j.job = r.job AND j.attempt = r.attempt
    LEFT JOIN answers AS a ON a.job = r.job AND a.attempt = r.attempt
    LEFT JOIN models AS m ON m.model = a.model
    WHERE r.at_ms >= ? AND r.at_ms < ? ORDER BY r.at_ms LIMIT ?)
UNION ALL SELECT * FROM (
    SELECT a.finished_ms, a.job, a.attempt, {_SHOWN}, NULL FROM answers AS a
    JOIN jobs AS j ON j.job = a.job AND j.attempt = a.attempt
    LEFT JOIN models AS m ON m.model = a.model
    WHERE a.settled IS NULL AND a.finished_ms >= ? AND a.finished_ms < ? ORDER BY a.finished_ms LIMIT ?)
ORDER BY 1, 2, 3 LIMIT ?
"""


def _decoded(record: bytes | None, kind: type[T]) -> T | None:
    return None if record is None else msgspec.json.decode(record, type=kind)
