"""What the journal keeps of an epoch's statement."""

from __future__ import annotations

import msgspec

from console.ledger.findings import Finding
from console.protocol.statements import AccountLine, Statement


class Listed(msgspec.Struct, frozen=True):
    """A receipt that a statement counts as this node's."""

    job: str
    attempt: int
    leaf: str


class KeptStatement(msgspec.Struct, frozen=True):
    """A statement and what of it is this node's."""

    statement: Statement
    digest: str
    """Its name."""
    lines: tuple[AccountLine, ...]
    receipts: int
    unknown: tuple[Listed, ...]
    """Receipts that are counted as this node's and had not come here."""
    proved: bool
    findings: tuple[Finding, ...]
    """What was wrong with signature, chain or proofs."""


class Columns(msgspec.Struct, frozen=True):
    """What this node's receipts in one statement come to, nano-credits."""

    receipts: int = 0
    claimed: int = 0
    accepted: int = 0
    rewards: int = 0
    penalties: int = 0
