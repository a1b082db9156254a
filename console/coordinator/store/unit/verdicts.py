"""A unit of work on verdicts, what they rest on, and what judging took."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from console.protocol.types import Receipt, Verdict

Confirmation = Literal["", "confirmed", "disagreed", "unavailable"]
"""What a second verifier made of a mismatch that the first one found; empty: it was not asked."""


class AuditRow(msgspec.Struct, frozen=True):
    """What judging one answer took, beside what making it took."""

    verdict: str
    rate_ppm: int
    """The rate at which the answer was drawn for an audit, or not."""
    rows: int
    """Positions that verifiers computed, both of them together."""
    score_ms: int
    """How long the verifiers took, as they say."""
    generated_rows: int
    """Positions that the node had to compute: prompt and answer."""
    generation_ms: int
    """How long the node took, as it says."""
    confirmation: Confirmation = ""


class VerdictUnit(Protocol):
    """This part of an open transaction."""

    def add_verdict(self, verdict: Verdict) -> None:
        """Raises ConflictError when that attempt was judged already."""
        ...

    def judged(self, job: str, attempt: int, node: str) -> bool:
        """Whether that attempt has its verdict."""
        ...

    def verdicts(self, node: str, outcome: str, since_ms: int, limit: int) -> int:
        """How many of a node's verdicts had that outcome since then, counted up to `limit`."""
        ...

    def add_evidence(self, verdict: Verdict, sealed: bytes, until_ms: int) -> None:
        """Keep what a verdict rests on, sealed."""
        ...

    def forget_evidence(self, before_ms: int) -> int:
        """Delete what the dispute window has closed over; how many."""
        ...

    def trim_evidence(self, rows: int, size_bytes: int) -> int:
        """Delete the oldest evidence of *accepted* answers beyond so many, or so many bytes; how many."""
        ...

    def add_audit(self, row: AuditRow) -> None:
        """Keep what judging an answer took."""
        ...

    def totals(self, node: str) -> bytes:
        """The node's running totals as they were saved, empty when there are none."""
        ...

    def save_totals(self, node: str, body: bytes, at_ms: int) -> None:
        """Insert or replace a node's running totals."""
        ...

    def add_receipt(self, receipt: Receipt, leaf: str) -> None:
        """Keep a receipt, and its leaf in the statement of the epoch whose books are open."""
        ...
