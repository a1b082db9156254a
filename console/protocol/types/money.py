"""What moved between accounts, and the receipt of it."""

from __future__ import annotations

import msgspec

from console.protocol.ids import EvidenceId, JobId, NanoCredits, NodeId
from console.protocol.types.verdicts import Outcome


class Posting(msgspec.Struct, frozen=True):
    """One line of a ledger transaction: `amount` is added to `account`."""

    account: str
    amount: NanoCredits


class Transaction(msgspec.Struct, frozen=True):
    """Postings that sum to zero, booked together, once, under a unique id such as `pay:<job>`."""

    id: str
    at_ms: int
    postings: tuple[Posting, ...]


class Balances(msgspec.Struct, frozen=True):
    """A node's three accounts, nano-credits."""

    pending: NanoCredits = NanoCredits(0)
    available: NanoCredits = NanoCredits(0)
    bond: NanoCredits = NanoCredits(0)


class Receipt(msgspec.Struct, frozen=True, tag="receipt"):
    """What a job came to, countersigned by the coordinator over `receipt_bytes`."""

    job: JobId
    attempt: int
    node: NodeId
    outcome: Outcome
    prompt_tokens: int
    completion_tokens: int
    reward: NanoCredits
    """What the answer earned; 0 when rejected."""
    penalty: NanoCredits
    """What was taken from bond and pending."""
    verdict: EvidenceId
    transaction: Transaction
    balances: Balances
    signature: str
