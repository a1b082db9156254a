"""What a journal of the fourth version kept, put where the fifth looks for it: each row with its place in the
order of arrival.
"""

from __future__ import annotations

import hashlib
import sqlite3

import msgspec

from console.agent.journal.kept_statements import KeptStatement
from console.agent.journal.sums import bounded


def fill_presences(connection: sqlite3.Connection) -> None:
    """The presence receipts, by their slots: there was one of each, and when it came was not written down."""
    rows = connection.execute(
        "SELECT coordinator, slot, record FROM presences_before ORDER BY coordinator, slot"
    )
    connection.executemany(
        "INSERT INTO presences (coordinator, slot, digest, record) VALUES (?, ?, ?, ?)",
        ((coordinator, slot, hashlib.sha256(record).digest(), record) for coordinator, slot, record in rows),
    )


def fill_statements(connection: sqlite3.Connection) -> None:
    """The statements with their names, and whose they are beside the receipts that stand in them.

    Raises msgspec.MsgspecError: one of them cannot be read.
    """
    rows = connection.execute(
        "SELECT coordinator, epoch, digest, record FROM statements_before ORDER BY at_ms, epoch"
    )
    for coordinator, epoch, digest, record in rows:
        kept = msgspec.convert({**msgspec.json.decode(record), "digest": digest}, KeptStatement)
        span = (bounded(kept.statement.opened_ms), bounded(kept.statement.closed_ms))
        connection.execute(
            "INSERT INTO statements (coordinator, epoch, digest, opened_ms, closed_ms, proved, record) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (coordinator, epoch, digest, *span, kept.proved, msgspec.json.encode(kept)),
        )
        connection.execute("UPDATE receipts SET coordinator = ? WHERE statement = ?", (coordinator, digest))
