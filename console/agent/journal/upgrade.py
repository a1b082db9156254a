"""What a journal of the first version knew, put where the second looks for it.

Time online, time of each kind and electricity were not written down then, and stay at nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from console.agent.clock import local_day
from console.agent.journal.columns import claim, judge, settle
from console.agent.journal.records import JobRecord
from console.agent.journal.sums import add_to_day, add_to_model
from console.protocol.types import Outcome, Receipt, Verdict


class _Judged(msgspec.Struct, frozen=True):
    outcome: Outcome


def fill_outcomes(connection: sqlite3.Connection) -> None:
    """The outcome of each verdict and receipt beside its record, where an index can see it."""
    for table in ("verdicts", "receipts"):
        rows = connection.execute(f"SELECT job, attempt, record FROM {table}")
        for job, attempt, record in rows:
            outcome = msgspec.json.decode(record, type=_Judged).outcome
            connection.execute(
                f"UPDATE {table} SET outcome = ? WHERE job = ? AND attempt = ?", (outcome, job, attempt)
            )


def fill_answers(connection: sqlite3.Connection) -> None:
    """The three columns of each answer that was journalled, and of the day on which it was finished."""
    for job, attempt, finished_ms, record in _records(connection, "results", "finished_ms"):
        claim(connection, record, finished_ms, local_day(finished_ms))
        _work(connection, record)
        verdict = _one(connection, "verdicts", job, attempt)
        if verdict is not None:
            outcome = msgspec.json.decode(verdict[1], type=Verdict).outcome
            judge(connection, job, attempt, outcome == "accepted", verdict[0])
        receipt = _one(connection, "receipts", job, attempt)
        if receipt is not None:
            settle(connection, job, attempt, msgspec.json.decode(receipt[1], type=Receipt).reward)


def fill_models(connection: sqlite3.Connection) -> None:
    """What each model was given and earned, by the days that `totals` has them under."""
    for job, attempt, at_ms, record in _records(connection, "jobs", "received_ms"):
        if _was_taken(connection, job, attempt):
            add_to_model(connection, local_day(at_ms), record.group, jobs=1)
    for job, attempt, at_ms, record in _records(connection, "receipts", "at_ms"):
        found = _one(connection, "receipts", job, attempt)
        assert found is not None
        receipt = msgspec.json.decode(found[1], type=Receipt)
        accepted = receipt.outcome == "accepted"
        add_to_model(
            connection,
            local_day(at_ms),
            record.group,
            accepted=int(accepted),
            rejected=int(not accepted),
            earned=receipt.reward,
            penalised=receipt.penalty,
        )


def _was_taken(connection: sqlite3.Connection, job: str, attempt: int) -> bool:
    row = connection.execute(
        "SELECT 1 FROM timeline WHERE job = ? AND attempt = ? AND word = 'queued'", (job, attempt)
    ).fetchone()
    return row is not None


def _work(connection: sqlite3.Connection, record: JobRecord) -> None:
    view = record.view
    worked_ms = max(0, view.ended_ms - view.started_ms) if view.started_ms else 0
    day = local_day(view.ended_ms)
    add_to_day(connection, day, worked_ms=worked_ms)  # one job ran at a time, so lengths may be summed
    add_to_model(connection, day, record.group, worked_ms=worked_ms)


def _records(
    connection: sqlite3.Connection, table: str, time: str
) -> Iterator[tuple[str, int, int, JobRecord]]:
    rows = connection.execute(
        f"SELECT t.job, t.attempt, t.{time}, jobs.record FROM {table} AS t JOIN jobs "
        "ON jobs.job = t.job AND jobs.attempt = t.attempt"
    )
    for job, attempt, at_ms, record in rows:
        yield job, attempt, at_ms, msgspec.json.decode(record, type=JobRecord)


def _one(connection: sqlite3.Connection, table: str, job: str, attempt: int) -> tuple[int, bytes] | None:
    row: tuple[int, bytes] | None = connection.execute(
        f"SELECT at_ms, record FROM {table} WHERE job = ? AND attempt = ?", (job, attempt)
    ).fetchone()
    return row
