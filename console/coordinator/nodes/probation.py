"""How closely a node is watched: in probation until enough of its answers were accepted, then less."""

from __future__ import annotations

import msgspec

from console.coordinator.store import Track
from console.ledger import deterrent_ppm
from console.protocol.types import Policy


class Probation(msgspec.Struct, frozen=True):
    """A node's standing with the auditors."""

    left: int
    """Accepted answers until the audit rate falls; 0 when it has."""
    audit_ppm: int
    """Share of its answers that is audited, per million."""


def probation_of(track: Track, policy: Policy, reward: int) -> Probation:
    """The standing of a node with that track, for an answer of `reward`.

    After probation the rate is the policy's, and never below what makes a false answer of that size
    unprofitable for the bond and pending held now.
    """
    left = max(0, policy.probation_answers - track.accepted)
    if left:
        return Probation(left, policy.probation_audit_ppm)
    held = track.balances.bond + track.balances.pending
    return Probation(0, max(policy.audit_ppm, deterrent_ppm(policy, reward, held)))
