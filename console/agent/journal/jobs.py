"""Jobs, their timelines, verdicts and notes in the journal."""

from __future__ import annotations

import sqlite3

import msgspec

from console.agent.journal.columns import judge
from console.agent.journal.database import Database
from console.agent.journal.records import JobRecord
from console.control.state import LIVE_JOB_STATES, Note
from console.control.wire import Moment
from console.protocol.types import Verdict

NOTES_KEPT = 5000


class JobTable:
    """One row per attempt; the record is replaced as the job moves on, the timeline only grows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, record: JobRecord, *moments: Moment) -> None:
        """Write `record` and add `moments` to its timeline, in one transaction."""
        await self._database.write(lambda c: put_job(c, record, moments))

    async def get(self, job: str, attempt: int) -> JobRecord | None:
        """The record of one attempt."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM jobs WHERE job = ? AND attempt = ?", (job, attempt)
            ).fetchone()
        )
        return None if row is None else msgspec.json.decode(row[0], type=JobRecord)

    async def latest(self, limit: int) -> list[JobRecord]:
        """The newest attempts, newest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM jobs ORDER BY received_ms DESC LIMIT ?", (limit,)
            ).fetchall()
        )
        return [msgspec.json.decode(row[0], type=JobRecord) for row in rows]

    async def unfinished(self) -> list[JobRecord]:
        """Attempts that were live when they were last written."""
        marks = ",".join("?" * len(LIVE_JOB_STATES))
        rows = await self._database.read(
            lambda c: c.execute(
                f"SELECT record FROM jobs WHERE state IN ({marks}) ORDER BY received_ms",
                tuple(sorted(LIVE_JOB_STATES)),
            ).fetchall()
        )
        return [msgspec.json.decode(row[0], type=JobRecord) for row in rows]

    async def timeline(self, job: str, attempt: int) -> tuple[Moment, ...]:
        """The attempt's life, oldest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT at_ms, word, sentence FROM timeline WHERE job = ? AND attempt = ? ORDER BY rowid",
                (job, attempt),
            ).fetchall()
        )
        return tuple(Moment(*row) for row in rows)

    async def put_verdict(self, verdict: Verdict, at_ms: int) -> bool:
        """Keep a verdict that came at `at_ms`; False when there is one for this attempt, which stands."""
        key, accepted = (verdict.job, verdict.attempt), verdict.outcome == "accepted"

        def change(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO verdicts (job, attempt, at_ms, record, outcome) "
                "VALUES (?, ?, ?, ?, ?)",
                (*key, verdict.at_ms, msgspec.json.encode(verdict), verdict.outcome),
            )
            if cursor.rowcount != 1:
                return False
            judge(connection, *key, accepted, at_ms)
            return True

        return await self._database.write(change)

    async def verdict(self, job: str, attempt: int) -> Verdict | None:
        """The verdict on one attempt."""
        row = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM verdicts WHERE job = ? AND attempt = ?", (job, attempt)
            ).fetchone()
        )
        return None if row is None else msgspec.json.decode(row[0], type=Verdict)

    async def latest_verdicts(self, limit: int) -> list[Verdict]:
        """The newest verdicts, newest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT record FROM verdicts ORDER BY at_ms DESC LIMIT ?", (limit,)
            ).fetchall()
        )
        return [msgspec.json.decode(row[0], type=Verdict) for row in rows]

    async def put_note(self, note: Note) -> None:
        """Keep one line of the event log; the oldest beyond a bound go."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO notes (at_ms, level, room, text, calls) VALUES (?, ?, ?, ?, ?)",
                (note.at_ms, note.level, note.room, note.text, note.calls),
            )
            connection.execute(
                "DELETE FROM notes WHERE rowid <= (SELECT max(rowid) FROM notes) - ?", (NOTES_KEPT,)
            )

        await self._database.write(change)

    async def latest_notes(self, limit: int) -> list[Note]:
        """The newest notes, newest first."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT at_ms, level, text, room, calls FROM notes ORDER BY rowid DESC LIMIT ?", (limit,)
            ).fetchall()
        )
        return [Note(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


def put_job(connection: sqlite3.Connection, record: JobRecord, moments: tuple[Moment, ...]) -> None:
    """Write a record and its new moments inside the caller's transaction."""
    view = record.view
    connection.execute(
        "INSERT INTO jobs VALUES (?, ?, ?, ?, ?) ON CONFLICT (job, attempt) DO UPDATE SET "
        "state = excluded.state, record = excluded.record",
        (view.job, view.attempt, view.state, view.received_ms, msgspec.json.encode(record)),
    )
    connection.executemany(
        "INSERT INTO timeline VALUES (?, ?, ?, ?, ?)",
        [(view.job, view.attempt, m.at_ms, m.word, m.sentence) for m in moments],
    )
