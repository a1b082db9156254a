"""What the network says of a node, and what of its draws the node keeps as evidence. Frozen."""

from __future__ import annotations

import msgspec


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the network lets this node have no work, in its own words."""

    code: str
    """A code of `console.protocol.reasons`, or one of a newer network."""
    sentence: str
    remedy: str = ""
    evidence: str = ""
    """The rule's name, a verdict's id, a count."""
    until_ms: int = 0
    since_ms: int = 0
    """Since when it says so, by this node's clock."""
    signed: bool = False
    """Whether it stands in a signed presence receipt; else it was the answer to a sign-in."""

    @property
    def echo(self) -> bool:
        """Whether it only repeats this node's heartbeat, which said that the node is not ready."""
        return self.signed and self.evidence == "ready"


class KeptEvidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this node can hold its coordinator to: signed receipts and commitments in its journal."""

    receipts: int = 0
    first_slot: int = 0
    last_slot: int = 0
    """Of the slots that they tell of."""
    commitments: int = 0
    """Epochs whose seeds were committed to before their first draw, as told to this node."""
    first_epoch: int = 0
    last_epoch: int = 0
