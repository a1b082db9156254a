"""What the epochs' statements came to for this node, checked here. Frozen.

Three columns per epoch, over the answers whose receipts its statement counts: *claimed* by the journal,
*accepted* by verdicts, *settled* by the statement itself. What does not agree is a finding.
"""

from __future__ import annotations

import msgspec

from console.ledger.findings import Finding

STATEMENTS_SHOWN = 12
"""Epochs that the state holds; the command `statements` tells of more."""
FINDINGS_SHOWN = 20


class StatementView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One epoch. Amounts in nano-credits."""

    epoch: int
    digest: str
    closed_ms: int
    receipts: int = 0
    """Of this node."""
    claimed: int = 0
    accepted: int = 0
    settled: int = 0
    """What this node's accounts were credited with for answers."""
    penalised: int = 0
    """What was taken from them for rejected ones."""
    deposited: int = 0
    """What came to them from elsewhere."""
    pending: int = 0
    available: int = 0
    bond: int = 0
    """As the epoch closed."""
    proved: bool = True
    """False: the network no longer kept the proofs when this node asked."""
    findings: int = 0


class StatementsView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The newest epochs first, their sums, and everything that is wrong."""

    statements: tuple[StatementView, ...] = ()
    findings: tuple[Finding, ...] = ()
    claimed: int = 0
    accepted: int = 0
    settled: int = 0
    waiting: int = 0
    """Receipts that no statement counts yet, and that one of the network signed in to may still count."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings
