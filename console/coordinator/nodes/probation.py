"""How closely a node is watched: in probation until enough of its answers were accepted, then less."""

from __future__ import annotations

import msgspec

from console.coordinator.store import Unit
from console.ledger import deterrent_ppm
from console.protocol.types import Policy


class Probation(msgspec.Struct, frozen=True):
    """A node's standing with the auditors."""

    left: int
    """Accepted answers until the audit rate falls; 0 when it has."""
    audit_ppm: int
    """Share of its answers that is audited, per million."""


def probation_of(unit: Unit, policy: Policy, node: str, reward: int) -> Probation:
    """The standing of `node`, counted from when its probation last began, for an answer of `reward`.

    After probation the rate is the policy's, and never below what makes a false answer of that size
    unprofitable for the bond and pending held now.
    """
    row = unit.node(node)
    since_ms = row.probation_from_ms if row is not None else 0
    accepted = unit.verdicts(node, "accepted", since_ms, policy.probation_answers)
    left = max(0, policy.probation_answers - accepted)
    if left:
        return Probation(left, policy.probation_audit_ppm)
    balances = unit.balances(node)
    held = balances.bond + balances.pending
    return Probation(0, max(policy.audit_ppm, deterrent_ppm(policy, reward, held)))
