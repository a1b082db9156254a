"""A journal of the fourth version, as it was written once, opens with all that it kept."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import msgspec
import pytest
from statement_world import EPOCH_MS, KEPT, KEY, NOW, OTHER, SECOND, STATED, job, known, receipt

from console.agent.clock import local_day
from console.agent.journal import JobRecord, Journal, JournalError
from console.agent.journal.kept_statements import Columns, KeptStatement
from console.agent.journal.schema import _STEPS, SCHEMA_VERSION
from console.agent.journal.stated import Place
from console.agent.journal.witnessed import Seen
from console.agent.statements.examine import examine
from console.control.state import JobView
from console.control.witnessed import KeptEvidence
from console.protocol.ids import GroupId
from console.protocol.messages import Presence
from console.protocol.types import DrawProof, Ticket

COORDINATOR, ROOT = KEY.node_id, "ab" * 32
THIRD_AND_FOURTH = """
CREATE TABLE presences (
    coordinator TEXT NOT NULL, slot INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (coordinator, slot)) WITHOUT ROWID;
CREATE TABLE commitments (
    coordinator TEXT NOT NULL, epoch INTEGER NOT NULL, seeds_root TEXT NOT NULL,
    PRIMARY KEY (coordinator, epoch)) WITHOUT ROWID;
CREATE TABLE statements (
    coordinator TEXT NOT NULL, epoch INTEGER NOT NULL, digest TEXT NOT NULL, at_ms INTEGER NOT NULL,
    record BLOB NOT NULL, proofs BLOB, PRIMARY KEY (coordinator, epoch, digest)) WITHOUT ROWID;
CREATE INDEX statements_by_time ON statements (at_ms);
ALTER TABLE receipts ADD COLUMN statement TEXT NOT NULL DEFAULT '';
UPDATE receipts SET statement = 'before';
CREATE INDEX receipts_by_statement ON receipts (statement);
"""
AFTER = NOW + EPOCH_MS + 5


def presence(slot: int) -> Presence:
    return Presence(slot, GroupId("aa"), ROOT, 4, True, None, 0, 0, 0, 0, 0, 0, "sig")


def record(n: int) -> bytes:
    view = JobView(job(n), 1, "accepted", NOW, NOW + 10, NOW + 510, prompt_tokens=36, tokens=64)
    draw = DrawProof(Ticket(job(n), 0, 1, "00", 1, 1), "", "00", "00", (), 0, ())
    return msgspec.json.encode(JobRecord(view, 1, "g" * 64, "p", 500, draw, "", COORDINATOR, ""))


def stated(kept: KeptStatement) -> bytes:
    """A statement's record as it was: its name stood beside it only."""
    fields = msgspec.to_builtins(kept)
    del fields["digest"]
    return msgspec.json.encode(fields)


def made(folder: Path, statement: bytes) -> None:
    """A file of the fourth version: receipts 1 and 2 stand in the statement of epoch 1, 3 was left out of it,
    4 waits, 5 came before there were statements, and 6 is of a job that is not there.
    """
    c = sqlite3.connect(folder / "journal.db", isolation_level=None)
    for step in _STEPS[:2]:
        step(c)
    c.executescript(THIRD_AND_FOURTH)
    c.execute("PRAGMA user_version=4")
    places = {1: KEPT.digest, 2: KEPT.digest, 3: "", 4: "", 5: "before", 6: KEPT.digest}
    for n, place in places.items():
        if n != 6:
            c.execute("INSERT INTO jobs VALUES (?, 1, 'accepted', ?, ?)", (job(n), NOW, record(n)))
        row = (job(n), NOW, msgspec.json.encode(receipt(n, at_ms=AFTER if n == 4 else NOW + 5)), place)
        c.execute("INSERT INTO receipts VALUES (?, 1, ?, ?, 'accepted', ?)", row)
    c.execute(
        "INSERT INTO statements VALUES (?, 1, ?, ?, ?, '[]')", (COORDINATOR, KEPT.digest, NOW, statement)
    )
    for slot in (7, 8):
        c.execute(
            "INSERT INTO presences VALUES (?, ?, ?)", (COORDINATOR, slot, msgspec.json.encode(presence(slot)))
        )
    c.execute("INSERT INTO commitments VALUES (?, 1, ?)", (COORDINATOR, ROOT))
    c.close()


async def opened(folder: Path) -> Journal:
    journal = Journal(folder, b"k" * 32)
    await journal.open()
    return journal


async def test_all_that_a_journal_of_the_fourth_version_kept_is_there(tmp_path: Path) -> None:
    made(tmp_path, stated(KEPT))
    journal = await opened(tmp_path)
    assert await journal.statements.newest(COORDINATOR) == KEPT
    assert await journal.statements.latest(5) == await journal.statements.of_epoch(COORDINATOR, 1) == [KEPT]
    assert await journal.stated.columns(KEPT.digest) == Columns(3, 0, 0, 150_000, 0)
    assert await journal.stated.missing([KEPT]) == {KEPT.digest: (job(3),)}
    assert await journal.stated.waiting(COORDINATOR, KEPT.statement.closed_ms) == 1
    assert await journal.money.receipt(job(5), 1) == receipt(5)
    places = [await journal.stated.place(job(n), 1) for n in (1, 3, 4, 5, 6)]
    assert places == [
        Place(KEPT.digest, 1),
        Place("", 0, 1),
        Place("", 0),
        Place("", 0),
        Place(KEPT.digest, 1),
    ]
    assert await journal.witnessed.presences(COORDINATOR, 0, 9) == (presence(7), presence(8))
    assert await journal.witnessed.commitments(COORDINATOR) == {1: ROOT}
    assert await journal.witnessed.kept(COORDINATOR) == KeptEvidence(2, 7, 8, 1, 1, 1)
    await journal.close()


async def test_a_journal_of_the_fourth_version_is_written_on(tmp_path: Path) -> None:
    made(tmp_path, stated(KEPT))
    journal = await opened(tmp_path)
    assert not await journal.statements.put(COORDINATOR, KEPT, STATED), "it is the same statement"
    kept, listed = examine(SECOND, known(KEPT, (receipt(3),), 3))
    assert await journal.statements.put(COORDINATOR, kept, listed)
    assert await journal.statements.latest(5) == [kept, KEPT]
    assert await journal.stated.place(job(3), 1) == Place(kept.digest, 2)
    again = msgspec.json.encode(presence(8))
    seen = Seen(COORDINATOR, 8, hashlib.sha256(again).digest(), again)
    await journal.witnessed.put_presences([seen])
    assert await journal.witnessed.presences(COORDINATOR, 8, 8) == (presence(8),), "it is the same receipt"
    for epoch in (1, 2):
        await journal.witnessed.put_commitment(COORDINATOR, epoch, ROOT, 2048)
    assert [await journal.witnessed.context(COORDINATOR, epoch) for epoch in (1, 2)] == [0, 2048]
    assert await journal.money.put_receipt(receipt(9), NOW, local_day(NOW), "", OTHER.node_id)
    await journal.close()


async def test_nothing_of_the_older_tables_stays(tmp_path: Path) -> None:
    made(tmp_path, stated(KEPT))
    await (await opened(tmp_path)).close()
    (tmp_path / "fresh").mkdir()
    await (await opened(tmp_path / "fresh")).close()
    assert schema_of(tmp_path) == schema_of(tmp_path / "fresh")


async def test_a_statement_that_cannot_be_read_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    made(tmp_path, b'{"lines": []}')
    before = schema_of(tmp_path)
    with pytest.raises(JournalError, match="cannot be read"):
        await opened(tmp_path)
    assert schema_of(tmp_path) == before


def schema_of(folder: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(folder / "journal.db")
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    assert version in (4, SCHEMA_VERSION)
    return [*found, (str(version),)]
