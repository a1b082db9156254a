"""Distinct types for the things that have names, and for amounts."""

from __future__ import annotations

from typing import NewType

NodeId = NewType("NodeId", str)
"""64 hex digits: the node's Ed25519 public key."""

JobId = NewType("JobId", str)
"""32 hex digits, drawn by the coordinator."""

GroupId = NewType("GroupId", str)
"""64 hex digits: SHA-256 of the weights that all nodes of the group serve."""

SessionId = NewType("SessionId", str)
"""32 hex digits: one sign-in of one node."""

EvidenceId = NewType("EvidenceId", str)
"""32 hex digits: names the evidence of one verdict."""

NanoCredits = NewType("NanoCredits", int)
"""10⁻⁹ credit; signed 64-bit."""

TokenId = int
"""Index into the model's vocabulary."""


def short(identifier: str) -> str:
    """First six characters: enough for a person to tell two apart on one screen."""
    return identifier[:6]
