"""The SQL of `store.unit.verdicts`: verdicts, what they rest on, and what judging took."""

from __future__ import annotations

import msgspec

from console.coordinator.store.sql.part import SqlPart
from console.coordinator.store.unit.verdicts import AuditRow
from console.protocol.frames import receipt_bytes
from console.protocol.statements import receipt_leaf
from console.protocol.types import Receipt, Verdict


class SqlVerdicts(SqlPart):
    """See `store.unit.verdicts`."""

    def add_verdict(self, verdict: Verdict) -> None:
        """One per attempt."""
        again = f"attempt {verdict.attempt} of {verdict.job} was judged already"
        self.insert("verdicts", verdict, again)

    def judged(self, job: str, attempt: int, node: str) -> bool:
        """Whether that attempt has its verdict."""
        where = "job = ? AND attempt = ? AND node = ?"
        return self.value(f"SELECT count(*) FROM verdicts WHERE {where}", job, attempt, node) > 0

    def verdicts(self, node: str, outcome: str, since_ms: int, limit: int) -> int:
        """Counted up to `limit`."""
        inner = "SELECT 1 FROM verdicts WHERE node = ? AND outcome = ? AND at_ms >= ? LIMIT ?"
        return self.value(f"SELECT count(*) FROM ({inner}) AS found", node, outcome, since_ms, limit)

    def add_evidence(self, verdict: Verdict, sealed: bytes, until_ms: int) -> None:
        """What a verdict rests on."""
        row = (verdict.id, verdict.node, sealed, until_ms, verdict.outcome)
        columns = "id, node, sealed, until_ms, outcome"
        self.database.execute(f"INSERT INTO evidence ({columns}) VALUES (?, ?, ?, ?, ?)", row)

    def forget_evidence(self, before_ms: int) -> int:
        """Delete what the dispute window has closed over."""
        return self.database.execute("DELETE FROM evidence WHERE until_ms < ?", (before_ms,)).rowcount

    def trim_evidence(self, rows: int, size_bytes: int) -> int:
        """The newest are kept; what rejections rest on is not counted and not touched."""
        kept = (
            "SELECT id, row_number() OVER newest AS number, sum(length(sealed)) OVER newest AS size "
            "FROM evidence WHERE outcome = 'accepted' WINDOW newest AS (ORDER BY until_ms DESC, id)"
        )
        over = f"SELECT id FROM ({kept}) AS kept WHERE number > ? OR size > ?"
        return self.database.execute(
            f"DELETE FROM evidence WHERE id IN ({over})", (rows, size_bytes)
        ).rowcount

    def add_audit(self, row: AuditRow) -> None:
        """What judging an answer took."""
        self.insert("audits", row)

    def totals(self, node: str) -> bytes:
        """As they were saved."""
        row = self.database.execute("SELECT body FROM totals WHERE node = ?", (node,)).fetchone()
        return bytes(row[0]) if row else b""

    def save_totals(self, node: str, body: bytes, at_ms: int) -> None:
        """Insert or replace."""
        self.database.execute(
            "INSERT INTO totals VALUES (?, ?, ?) "
            "ON CONFLICT (node) DO UPDATE SET body = excluded.body, at_ms = excluded.at_ms",
            (node, body, at_ms),
        )

    def add_receipt(self, receipt: Receipt, leaf: str) -> None:
        """Keep a receipt."""
        row = (receipt.job, receipt.attempt, receipt.node, msgspec.json.encode(receipt), leaf)
        self.database.execute("INSERT INTO receipts VALUES (?, ?, ?, ?, (SELECT epoch FROM books), ?)", row)


def leaf_of(body: bytes) -> str:
    """The leaf of a receipt as it is kept, for a database that kept receipts before there were leaves."""
    receipt = msgspec.json.decode(body, type=Receipt)
    return receipt_leaf(receipt_bytes(receipt), receipt.signature)
