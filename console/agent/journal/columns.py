"""The three columns of an answer: what it claims, what verdicts passed of it, what receipts settled.

Each function changes an answer's row and the sums of the day on which the answer was finished, inside the
caller's transaction: the one that keeps the result, the verdict or the receipt itself.
"""

from __future__ import annotations

import sqlite3

from console.agent.journal.records import JobRecord
from console.agent.journal.sums import add_to_day, add_to_model, bounded


def claim(connection: sqlite3.Connection, record: JobRecord, finished_ms: int, day: str) -> None:
    """An answer was journalled: it claims its tokens at the rate that its assignment named."""
    view = record.view
    claimed = bounded((view.prompt_tokens + view.tokens) * record.reward_rate)
    connection.execute(
        "INSERT INTO answers (job, attempt, finished_ms, day, model, prompt_tokens, completion_tokens, "
        "claimed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (view.job, view.attempt, finished_ms, day, record.group, view.prompt_tokens, view.tokens, claimed),
    )
    add_to_day(connection, day, claimed=claimed)


def judge(connection: sqlite3.Connection, job: str, attempt: int, accepted: bool, at_ms: int) -> None:
    """A verdict came; on an answer that is not in the journal there is nothing to pass."""
    row = connection.execute(
        "SELECT day, model, claimed, prompt_tokens + completion_tokens FROM answers "
        "WHERE job = ? AND attempt = ? AND passed IS NULL",
        (job, attempt),
    ).fetchone()
    if row is None:
        return
    day, model, claimed, tokens = row
    connection.execute(
        "UPDATE answers SET passed = ?, judged_ms = ? WHERE job = ? AND attempt = ?",
        (claimed if accepted else 0, at_ms, job, attempt),
    )
    if accepted:
        add_to_day(connection, day, passed=claimed, tokens=tokens)
        add_to_model(connection, day, model, tokens=tokens)


def settle(connection: sqlite3.Connection, job: str, attempt: int, reward: int) -> None:
    """A receipt came."""
    row = connection.execute(
        "SELECT day FROM answers WHERE job = ? AND attempt = ? AND settled IS NULL", (job, attempt)
    ).fetchone()
    if row is None:
        return
    settled = bounded(reward)
    connection.execute(
        "UPDATE answers SET settled = ? WHERE job = ? AND attempt = ?", (settled, job, attempt)
    )
    add_to_day(connection, row[0], settled=settled)
