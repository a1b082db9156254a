"""The network's settings in one history: policies that make faults meet each other often."""

from __future__ import annotations

import hashlib
from random import Random

from msgspec.structs import replace

from console.coordinator.settings import ClientKey, CoordinatorConfig, Limits, Practice
from console.protocol.types import USUAL_POLICY
from simulation.client import KEYS
from simulation.signatures import key_of

_LIMITS = Limits(
    ack_s=4,
    grace_s=4,
    opening_s=30,
    reconnect_s=35,
    queue_wait_s=4,
    verdict_wait_s=3,
    queued_comment_s=5,
    audit_patience_s=8,
    sign_in_s=4,
    nonce_s=2,
)
MOST_NODES = 5
"""Their names are node-0 and so on."""
_DEPOSITS = {"rich": 100_000_000, "poor": 20_000}


def config(chance: Random) -> CoordinatorConfig:
    """Drawn anew for each history."""
    policy = replace(
        USUAL_POLICY,
        heartbeat_s=5,
        lease_s=chance.choice((3, 8)),
        epoch_s=chance.choice((15, 30, 60)),
        max_tokens=160,
        min_milli_tokens_per_s=1000,
        bond_target=chance.choice((20_000, 1_000_000)),
        probation_answers=chance.choice((1, 3, 1000)),
        audit_ppm=chance.choice((100_000, 500_000)),
        saving_ppm=chance.choice((100_000, 1_000_000)),
        penalty_multiple=chance.choice((2, 20)),
        suspend_after=chance.choice((0, 1, 2)),
        suspend_s=chance.choice((10, 3600)),
        queue_limit=chance.choice((1, 2, 8)),
        max_attempts=chance.choice((1, 2, 3)),
        nodes_per_machine=chance.choice((0, 1, 1)),
        load_every_s=chance.choice((0, 0, 5)),
        load_tokens=6,
        load_draws=chance.choice((66, 1000)),
        withheld_fee=chance.choice((0, 700, 100_000)),
    )
    clients = {
        name: ClientKey(hashlib.sha256(key.encode()).hexdigest(), _DEPOSITS[name])
        for name, key in KEYS.items()
    }
    bond = chance.choice((0, 10_000))
    practice = Practice(bonds={key_of(f"node-{i}").node_id: bond for i in range(MOST_NODES)})
    paid = chance.choice((0, 50_000_000))
    return CoordinatorConfig("simulated network", policy, practice, clients, _LIMITS, load_deposit=paid)
