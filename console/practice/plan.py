"""What one practice run is made of, fixed before anything starts."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from console.protocol.types import USUAL_POLICY

_FIRST = ("reef", "gull", "keel", "tern", "buoy", "skua", "mole", "spar", "luff", "cove", "moor", "brig")

MAX_NODES = len(_FIRST)
"""Nodes of one run, the rogue ones among them."""

POLICY = msgspec.structs.replace(
    USUAL_POLICY, epoch_s=60, suspend_window_s=900, suspend_s=300, nodes_per_machine=0
)
"""Practice's rules: the network's own, with epochs short enough to see money become available, and with all
of its nodes on this one machine."""

CLIENT_DEPOSIT = 10_000_000_000
"""Nano-credits that the practice client starts with: 10 credits."""


SLOT_BYTES = 256 * 2**20
"""Free memory that a slot of each engine is counted at: more than twice what the starter model takes."""


class Cast(msgspec.Struct, frozen=True):
    """One node of the run."""

    name: str
    honest: bool
    yours: bool
    home: Path


class Plan(msgspec.Struct, frozen=True):
    """A practice run. `minutes` 0: until it is told to end."""

    home: Path
    models: Path
    minutes: float
    seed: int
    cast: tuple[Cast, ...]
    interval_s: float
    """Mean time between requests."""
    slots: int = 1
    """Answers at once of each node."""
    store: str = ""
    """Address of the PostgreSQL database that keeps the coordinator's data; empty: SQLite does."""
    transport: str = ""
    """Address of the NATS servers over which nodes come; empty: they dial the coordinator's WebSocket."""

    @property
    def yours(self) -> Cast:
        """The operator's own node."""
        return next(member for member in self.cast if member.yours)


def slots_for(engines: int, cores: int, free_bytes: int) -> int:
    """Answers at once of each of `engines` on one machine: one where they share cores, since several would
    only take turns; two where each has a core of its own, four where it has two; as memory allows."""
    most = 4 if cores >= 2 * engines else 2 if cores >= engines else 1
    return max(1, min(most, free_bytes // (engines * SLOT_BYTES)))


def make_plan(
    home: Path,
    models: Path,
    *,
    nodes: int,
    rogue: int,
    minutes: float,
    seed: int,
    cores: int = 1,
    free_bytes: int = 0,
) -> Plan:
    """`nodes` honest ones, the first of them yours, and `rogue` that cheat, on a machine of `cores`.

    Raises:
        ValueError: no node, or more than the names there are.
    """
    if nodes < 1 or rogue < 0 or nodes + rogue > MAX_NODES:
        raise ValueError(f"between 1 and {MAX_NODES} nodes in all, at least one of them honest")
    rng = random.Random(seed)
    names = [f"{word}-{rng.randrange(10, 100)}" for word in rng.sample(_FIRST, nodes + rogue)]
    cast = tuple(
        Cast(name, honest=i < nodes, yours=i == 0, home=home / ("you" if i == 0 else name))
        for i, name in enumerate(names)
    )
    slots = slots_for(len(cast) + 1, cores, free_bytes)  # and the coordinator's engine, which audits
    return Plan(home, models, minutes, seed, cast, interval_s=1.8, slots=slots)
