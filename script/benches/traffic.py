"""Groups of unequal nodes and jobs as they come: what the fairness bench plays its rules on.

The unit of time is what a node of 1 token/s, the public minimum by default, needs for a job of mean length,
which is taken to be of 128 tokens where seconds matter.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from console.coordinator.rosters.rosters import Candidate, Rules, exclusion
from console.protocol.ids import GroupId, NodeId
from console.protocol.types import ModelOffer, Policy

PROFILE = "p"
UNIT_S = 128
_MODEL = GroupId("00" * 32)


@dataclass(frozen=True)
class Group:
    """The nodes of one model."""

    name: str
    milli_tokens_per_s: tuple[int, ...]
    """Each node's speed, the fast nodes first."""
    fast: int
    """How many of them are called fast."""
    policy: Policy = field(default_factory=Policy)

    @cached_property
    def rules(self) -> Rules:
        """The public rules; the reference is up and of every node's class."""
        return Rules(self.policy, PROFILE)

    @cached_property
    def nodes(self) -> tuple[Candidate, ...]:
        """All of them, idle, in the order of their ids."""
        ids = sorted(hashlib.sha256(f"node {n}".encode()).hexdigest() for n in range(len(self)))
        return tuple(
            Candidate(NodeId(node), _offer(speed), True, True, "", 0, None)
            for node, speed in zip(ids, self.milli_tokens_per_s, strict=True)
        )

    @cached_property
    def listed(self) -> tuple[int, ...]:
        """Numbers of the nodes that meet the public rules while they are idle."""
        return tuple(n for n, node in enumerate(self.nodes) if exclusion(node, self.rules) is None)

    @cached_property
    def rates(self) -> tuple[float, ...]:
        """Mean jobs that each node does in a unit of time."""
        return tuple(speed / 1000 for speed in self.milli_tokens_per_s)

    @property
    def even_rate(self) -> float:
        """Jobs in a unit of time that the group can do in equal shares: listed nodes × their slowest."""
        return len(self.listed) * min(self.rates[n] for n in self.listed)

    @property
    def whole_rate(self) -> float:
        """Jobs in a unit of time when every listed node works all the time."""
        return sum(self.rates[n] for n in self.listed)

    def __len__(self) -> int:
        """Nodes, listed or not."""
        return len(self.milli_tokens_per_s)


def job_s(group: Group) -> float:
    """Seconds that a mean job takes on a node of 1 token/s, if a slot had 2 s: only their ratio matters."""
    return 2 * UNIT_S / group.policy.slot_s


def _offer(speed: int) -> ModelOffer:
    return ModelOffer(_MODEL, "model", PROFILE, 4096, speed, 0)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Jobs in the order of their arrival."""

    at: list[float]
    work: list[float]
    """Each job's length ÷ the mean length."""
    warm_up: int
    """So many jobs at the beginning are played and not counted: queues start empty."""
    seed: tuple[int, ...]


def traffic(rate: float, jobs: int, seed: tuple[int, ...], *, equal: bool = False) -> Traffic:
    """`jobs` counted jobs after a quarter as many that are not; Poisson arrivals, `rate` in a unit of time.

    Lengths are exponential, or with `equal` all the same.
    """
    random = np.random.default_rng(seed)
    warm_up = jobs // 4
    at = np.cumsum(random.exponential(1 / rate, warm_up + jobs))
    work = np.ones(warm_up + jobs) if equal else random.exponential(1, warm_up + jobs)
    return Traffic(at.tolist(), work.tolist(), warm_up, seed)
