"""What a recount came to, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from console.ledger.figures import exact_credits
from console.ledger.findings import Finding

SCHEMA_VERSION = 1


class Outcome(msgspec.Struct, frozen=True):
    """Three columns over all epochs that were looked at, nano-credits, and what is wrong."""

    claimed: int
    """By the jobs: what their answers earned."""
    accepted: int
    """By the receipts of accepted verdicts."""
    settled: int
    """By the postings: what nodes were credited with."""
    statements: int
    receipts: int
    findings: tuple[Finding, ...]


def document(outcome: Outcome) -> dict[str, Any]:
    """The keys of `audit statement --json`."""
    columns = {name: getattr(outcome, name) for name in ("claimed", "accepted", "settled")}
    return {
        "schema_version": SCHEMA_VERSION,
        "ok": not outcome.findings,
        **columns,
        "statements": outcome.statements,
        "receipts": outcome.receipts,
        "findings": [_finding(one) for one in outcome.findings],
    }


def lines(outcome: Outcome) -> list[str]:
    """One line per finding, then the three columns and the sum."""
    findings: Sequence[Finding] = outcome.findings
    told = [f"✗ {_where(one)}{one.name}. {one.sentence}" for one in findings]
    for name in ("claimed", "accepted", "settled"):
        told.append(f"{name:<9}{exact_credits(getattr(outcome, name)):>24}")
    good = "✓ " if not findings else ""
    counts = (
        f"{outcome.statements:,} statements and {outcome.receipts:,} receipts recounted from the postings"
    )
    return [*told, f"{good}{counts}: {len(findings):,} findings."]


def _where(one: Finding) -> str:
    epoch = f"epoch {one.epoch}  " if one.epoch else ""
    return epoch + (f"{one.subject[:28]}  " if one.subject else "")


def _finding(one: Finding) -> dict[str, Any]:
    return {"name": one.name, "epoch": one.epoch, "subject": one.subject, "sentence": one.sentence}
