"""How an answer was judged, and by what figures."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.protocol.ids import EvidenceId, JobId, NodeId

Fault = Literal["node", "coordinator", "client", "nobody"]
Outcome = Literal["accepted", "rejected"]
VerdictMode = Literal[
    "not_audited", "structure", "replay", "recompute_exact", "recompute_tolerant", "abstained"
]
"""`abstained`: structure and replay held, and there is no calibration by which to judge a recompute."""
StatisticName = Literal[
    "max_margin", "mean_margin", "mismatch_rate", "logprob_distance", "running_margin", "running_distance"
]
"""The first four of one recompute; `running_…` of all of a node's answers together."""


class Statistic(msgspec.Struct, frozen=True):
    """One figure of a recompute beside its limit, both × 10⁶; over the limit is a rejection."""

    name: StatisticName
    value_ppm: int
    limit_ppm: int


class Verdict(msgspec.Struct, frozen=True, tag="verdict"):
    """How one result was judged, and on what evidence."""

    id: EvidenceId
    job: JobId
    attempt: int
    node: NodeId
    outcome: Outcome
    mode: VerdictMode
    """The deepest step that was carried out; for a rejection, the step that failed."""
    tokens_checked: int
    mismatches: int
    first_mismatch: int
    """Position in the answer, -1 when there is none."""
    sentence: str
    at_ms: int
    statistics: tuple[Statistic, ...] = ()
    """Of a tolerant recompute."""
    calibration: str = ""
    """Digest of the calibration that gave the limits, empty when none took part."""
    positions: int = 0
    """Positions of the answer that were recomputed; fewer than its tokens when only windows were."""
