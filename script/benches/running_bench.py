"""Running totals over many answers: how soon a weak or seldom cheat crosses, how often honest nodes do."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import numpy as np

from benches.detection import Looked
from benches.rows import Row
from console.verification.calibration import Calibration
from console.verification.judge import Finding
from console.verification.running import Totals, add, crossed
from console.verification.tolerant import statistics_of

NODES = 200
ANSWERS = 500
SHARE = 0.1
"""Of its answers, that the seldom cheat gives with Q4_0."""


def running_rows(
    genuine: Sequence[Looked], sides: dict[str, Sequence[Looked]], calibration: Calibration
) -> Iterator[Row]:
    """Nodes are played by drawing measured answers again and again, with a fixed generator."""
    rng = np.random.default_rng(20261126)
    honest = [_finding(one, calibration) for one in genuine]
    alarms = [_crossing(honest, honest, 0.0, rng, calibration) for _ in range(NODES)]
    false = sum(one > 0 for one in alarms)
    yield Row(f"running totals: honest nodes of {NODES} that cross in {ANSWERS} answers", false, "nodes", 0)
    for name, kind, share in (("Q8_0", "Q8_0", 1.0), (f"{SHARE:.0%} of answers from Q4_0", "Q4_0", SHARE)):
        false_ones = [_finding(one, calibration) for one in sides.get(kind, ())]
        if false_ones:
            tokens = [_crossing(honest, false_ones, share, rng, calibration) for _ in range(NODES // 4)]
            met = [one for one in tokens if one > 0]
            yield Row(f"running totals: {name}: nodes met", len(met), f"of {len(tokens)}")
            if met:
                yield Row(
                    f"running totals: {name}: tokens until met, median", statistics.median(met), "tokens"
                )


def _finding(one: Looked, calibration: Calibration) -> Finding:
    figures = statistics_of(one.tolerant, calibration)
    n = one.tokens
    return Finding("recompute_tolerant", n, 0, -1, "", figures, calibration.digest, n)


def _crossing(
    honest: Sequence[Finding],
    other: Sequence[Finding],
    share: float,
    rng: np.random.Generator,
    calibration: Calibration,
) -> int:
    """Tokens until the node's totals cross, 0 when they never do."""
    totals = Totals()
    for _ in range(ANSWERS):
        side = other if rng.random() < share else honest
        totals = add(totals, side[int(rng.integers(len(side)))], calibration)
        if crossed(totals, calibration) is not None:
            return totals.positions
    return 0
