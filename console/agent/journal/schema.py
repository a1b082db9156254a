"""The journal's tables, and the steps by which an older file becomes one of today. Never downwards.

A step runs in the transaction that also writes its number, so that a file is at one version or the other
whenever the machine stops. A fresh file takes the same steps.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from console.agent.journal.arrivals import fill_presences, fill_statements
from console.agent.journal.sums import SUM_LIMIT
from console.agent.journal.upgrade import fill_answers, fill_models, fill_outcomes

_FIRST = """
CREATE TABLE IF NOT EXISTS jobs (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, received_ms INTEGER NOT NULL,
    record BLOB NOT NULL, PRIMARY KEY (job, attempt)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (received_ms DESC);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);
CREATE TABLE IF NOT EXISTS results (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, finished_ms INTEGER NOT NULL,
    message BLOB, opening BLOB, PRIMARY KEY (job, attempt)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, at_ms INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (job, attempt)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS verdicts_by_time ON verdicts (at_ms DESC);
CREATE TABLE IF NOT EXISTS receipts (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, at_ms INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (job, attempt)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS timeline (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, at_ms INTEGER NOT NULL, word TEXT NOT NULL,
    sentence TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timeline_by_job ON timeline (job, attempt);
CREATE TABLE IF NOT EXISTS notes (
    at_ms INTEGER NOT NULL, level TEXT NOT NULL, room TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS totals (
    day TEXT PRIMARY KEY, jobs INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
    earned INTEGER NOT NULL DEFAULT 0, penalised INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""

_SECOND = """
ALTER TABLE totals ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN worked_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN online_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN energy_mwh INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN earning_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN idle_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN paused_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN down_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE models (model TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE model_days (
    day TEXT NOT NULL, model TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
    tokens INTEGER NOT NULL DEFAULT 0, earned INTEGER NOT NULL DEFAULT 0,
    penalised INTEGER NOT NULL DEFAULT 0, worked_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, model)) WITHOUT ROWID;
CREATE TABLE answers (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, finished_ms INTEGER NOT NULL, day TEXT NOT NULL,
    model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    claimed INTEGER NOT NULL, passed INTEGER, settled INTEGER, judged_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, attempt)) WITHOUT ROWID;
CREATE INDEX answers_apart ON answers (finished_ms)
    WHERE passed IS NULL OR settled IS NULL OR passed != claimed OR settled != claimed;
CREATE INDEX answers_unsettled ON answers (finished_ms) WHERE settled IS NULL;
ALTER TABLE verdicts ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE receipts ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
CREATE INDEX verdicts_rejected ON verdicts (at_ms) WHERE outcome = 'rejected';
CREATE INDEX receipts_rejected ON receipts (at_ms) WHERE outcome = 'rejected';
CREATE INDEX receipts_by_time ON receipts (at_ms);
CREATE TABLE spells (
    since_ms INTEGER PRIMARY KEY, until_ms INTEGER NOT NULL, code TEXT NOT NULL);
ALTER TABLE notes ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
CREATE TABLE IF NOT EXISTS evidence (
    job TEXT NOT NULL, attempt INTEGER NOT NULL, until_ms INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (job, attempt)) WITHOUT ROWID;
"""

_THIRD = """
CREATE TABLE presences (
    coordinator TEXT NOT NULL, slot INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (coordinator, slot)) WITHOUT ROWID;
CREATE TABLE commitments (
    coordinator TEXT NOT NULL, epoch INTEGER NOT NULL, seeds_root TEXT NOT NULL,
    PRIMARY KEY (coordinator, epoch)) WITHOUT ROWID;
"""

_FOURTH = """
CREATE TABLE statements (
    coordinator TEXT NOT NULL, epoch INTEGER NOT NULL, digest TEXT NOT NULL, at_ms INTEGER NOT NULL,
    record BLOB NOT NULL, proofs BLOB, PRIMARY KEY (coordinator, epoch, digest)) WITHOUT ROWID;
CREATE INDEX statements_by_time ON statements (at_ms);
ALTER TABLE receipts ADD COLUMN statement TEXT NOT NULL DEFAULT '';
UPDATE receipts SET statement = 'before';
CREATE INDEX receipts_by_statement ON receipts (statement);
"""

_FIFTH = f"""
ALTER TABLE presences RENAME TO presences_before;
CREATE TABLE presences (
    arrival INTEGER PRIMARY KEY, coordinator TEXT NOT NULL, slot INTEGER NOT NULL, digest BLOB NOT NULL,
    record BLOB NOT NULL, UNIQUE (coordinator, slot, digest));
CREATE INDEX presences_by_arrival ON presences (coordinator, arrival);
ALTER TABLE commitments RENAME TO commitments_before;
CREATE TABLE commitments (
    arrival INTEGER PRIMARY KEY, coordinator TEXT NOT NULL, epoch INTEGER NOT NULL,
    seeds_root TEXT NOT NULL, context INTEGER NOT NULL, UNIQUE (coordinator, epoch));
CREATE INDEX commitments_by_arrival ON commitments (coordinator, arrival);
INSERT INTO commitments (coordinator, epoch, seeds_root, context)
    SELECT coordinator, epoch, seeds_root, 0 FROM commitments_before ORDER BY coordinator, epoch;
ALTER TABLE statements RENAME TO statements_before;
CREATE TABLE statements (
    arrival INTEGER PRIMARY KEY, coordinator TEXT NOT NULL, epoch INTEGER NOT NULL, digest TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL, proved INTEGER NOT NULL, record BLOB NOT NULL,
    UNIQUE (coordinator, epoch, digest));
CREATE INDEX statements_by_close ON statements (coordinator, proved, closed_ms, opened_ms);
DROP INDEX receipts_by_statement;
ALTER TABLE receipts ADD COLUMN coordinator TEXT NOT NULL DEFAULT '';
ALTER TABLE receipts ADD COLUMN booked_ms INTEGER NOT NULL DEFAULT 0;
UPDATE receipts SET
    booked_ms = max(0, min(json_extract(CAST(record AS TEXT), '$.transaction.at_ms'), {SUM_LIMIT}));
UPDATE receipts SET coordinator = coalesce((
    SELECT json_extract(CAST(jobs.record AS TEXT), '$.coordinator') FROM jobs
    WHERE jobs.job = receipts.job AND jobs.attempt = receipts.attempt), '') WHERE statement != 'before';
UPDATE receipts SET statement = '' WHERE statement = 'before';
CREATE INDEX receipts_by_statement ON receipts (statement, coordinator, booked_ms);
"""

_LEFT = """
DROP TABLE presences_before;
DROP TABLE commitments_before;
DROP TABLE statements_before;
"""


def _first(connection: sqlite3.Connection) -> None:
    _run(connection, _FIRST)


def _second(connection: sqlite3.Connection) -> None:
    """Time, electricity, the three columns of every answer, and what each model earned."""
    _run(connection, _SECOND)
    fill_outcomes(connection)
    fill_answers(connection)
    fill_models(connection)


def _third(connection: sqlite3.Connection) -> None:
    """What the node has seen of the network's draws."""
    _run(connection, _THIRD)


def _fourth(connection: sqlite3.Connection) -> None:
    """The epochs' statements. Receipts that came before there were any may be in none that is kept."""
    _run(connection, _FOURTH)


def _fifth(connection: sqlite3.Connection) -> None:
    """Evidence and statements by the order of their arrival, and who booked each receipt, and when.

    Receipts from before there were statements get no coordinator's name, so that they are not looked for.
    What the model took in an epoch was not written down before: 0 says that it is not known.
    """
    _run(connection, _FIFTH)
    fill_presences(connection)
    fill_statements(connection)
    _run(connection, _LEFT)


_STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first, _second, _third, _fourth, _fifth)
SCHEMA_VERSION = len(_STEPS)


def bring_up(connection: sqlite3.Connection, version: int) -> None:
    """Take the steps from `version` to today's, each of them whole or not at all. Raises sqlite3.Error."""
    for number, step in enumerate(_STEPS[version:], version + 1):
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            step(connection)
            connection.execute(f"PRAGMA user_version={number}")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    # executescript would commit first, and half a step could stay behind
    for statement in statements.split(";"):
        if statement.strip():
            connection.execute(statement)
