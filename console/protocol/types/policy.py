"""The network's public rules and prices."""

from __future__ import annotations

import msgspec


class Policy(msgspec.Struct, frozen=True):
    """The network's public rules and prices; every node is told them at sign-in."""

    client_rate: int = 700
    """Nano-credits that a client pays per token, prompt and answer alike."""
    node_rate: int = 500
    """Nano-credits of that which the node gets."""
    bond_target: int = 20_000_000
    """Nano-credits of bond at which nothing more is held back."""
    holdback_percent: int = 50
    """Share of each reward that goes to the bond until the target stands."""
    penalty_multiple: int = 20
    """A rejected answer costs so many times its reward."""
    probation_answers: int = 10
    """Accepted answers before the audit rate falls."""
    probation_audit_ppm: int = 1_000_000
    audit_ppm: int = 50_000
    """Audited answers per million, in probation and, at least, after it; the bond held may ask for more."""
    saving_ppm: int = 1_000_000
    """What a false answer saves its node at most, per million of the reward: all of it."""
    detection_ppm: int = 990_000
    """Probability per million with which an audit finds a false answer, at least."""
    audit_positions: int = 64
    """Positions that an audit recomputes; of a longer answer, windows drawn in secret. All are replayed."""
    suspend_after: int = 3
    """Rejections within `suspend_window_s` that suspend a node for `suspend_s`."""
    suspend_window_s: int = 3600
    suspend_s: int = 3600
    min_milli_tokens_per_s: int = 1000
    """Public minimum speed of a group, tokens/s × 1000, as measured by the node's probe."""
    queue_limit: int = 8
    """Assignments that one node may have waiting or running."""
    slot_s: int = 2
    epoch_s: int = 600
    lease_s: int = 120
    """An assignment that is not answered for so long goes to another node."""
    heartbeat_s: int = 2
    """Interval at which a node says that it lives; silent for 3 intervals: not live."""
    max_tokens: int = 1024
    max_attempts: int = 3
    nodes_per_machine: int = 0
    """Nodes that may be listed of those that claim one machine, the first that came first; 0: any number."""
    load_every_s: int = 0
    """Between two load challenges, on average, at moments drawn by lot; 0: there are none."""
    load_tokens: int = 0
    """Tokens that each node may answer in a load challenge."""
    load_draws: int = 0
    """Tickets of load challenges in one epoch, at most."""
    load_hold_s: int = 0
    """For so long nodes count as one machine that a load challenge found to be one."""
    withheld_fee: int = 0
    """Nano-credits that a client pays for a nonce that it committed to and did not reveal, as far as that
    was held for its request."""


LATER_RULES = (
    "nodes_per_machine", "load_every_s", "load_tokens", "load_draws", "load_hold_s", "withheld_fee",
)  # fmt: skip
"""Of 0 where a policy has them not: one that was signed before there were such rules has none of them."""
USUAL_POLICY = Policy(
    nodes_per_machine=1,
    load_every_s=3600,
    load_tokens=64,
    load_draws=1000,
    load_hold_s=86_400,
    withheld_fee=100_000,
)
"""The rules of a network that does not choose its own."""
