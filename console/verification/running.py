"""Running totals of one node over its answers: for cheats that cheat seldom, or a little, or in few words.

Two CUSUMs (Page 1954), on the margin per position and on the logprob distance per answer. Each adds, answer
by answer, the log-likelihood ratio of a small shift and is never below zero:

    L ← max(0, L + θ·Σ(x − µ0 − κ)),   κ = half of the shift that is looked for,

with θ > 0 the root of E[exp(θ(x − µ0 − κ))] = 1 over honest x. By Wald's identity honest answers take L
past h in one run from zero with probability at most exp(−h), so that at least exp(h) positions (of the
margin) or answers (of the distance) lie on average between two false alarms. The state is in nats × 10⁶,
whole numbers: stored and recomputed alike on every machine, and comparable across calibrations.

Order matters to the two CUSUMs, not to the plain sums.
"""

from __future__ import annotations

import functools
import math

import msgspec

from console.protocol.types import Statistic
from console.verification.calibration import LEAST_POSITIONS, PPM, Calibration
from console.verification.judge import Finding

MARGIN_LIMIT_PPM = round(PPM * math.log(10_000_000))
"""h: at least 10 million honest positions between two false alarms."""
DISTANCE_LIMIT_PPM = round(PPM * math.log(100_000))
"""h: at least 100,000 honest answers between two false alarms."""


class Totals(msgspec.Struct, frozen=True):
    """What a node's tolerant recomputes came to so far. All × 10⁶ but the three counts."""

    answers: int = 0
    positions: int = 0
    mismatches: int = 0
    margins_ppm: int = 0
    """Sum of capped margins."""
    distances_ppm: int = 0
    """Sum over positions of the distance."""
    margin_nats_ppm: int = 0
    """The CUSUM of B."""
    distance_nats_ppm: int = 0
    """The CUSUM of D."""


def add(totals: Totals, finding: Finding, calibration: Calibration) -> Totals:
    """Totals with one more tolerant finding; any other finding changes nothing.

    Raises:
        ValueError: the finding was made with another calibration.
    """
    if finding.mode != "recompute_tolerant" or not finding.statistics:
        return totals
    if finding.calibration != calibration.digest:
        raise ValueError("the finding was made with another calibration")
    figures = {one.name: one.value_ppm for one in finding.statistics}
    n = finding.positions
    margin, distance = figures["mean_margin"], figures["logprob_distance"]
    return Totals(
        answers=totals.answers + 1,
        positions=totals.positions + n,
        mismatches=totals.mismatches + round(figures["mismatch_rate"] * n / PPM),
        margins_ppm=totals.margins_ppm + margin * n,
        distances_ppm=totals.distances_ppm + distance * n,
        margin_nats_ppm=max(0, totals.margin_nats_ppm + _margin_step(margin, n, calibration)),
        distance_nats_ppm=max(0, totals.distance_nats_ppm + _distance_step(distance, n, calibration)),
    )


def crossed(totals: Totals, calibration: Calibration) -> Finding | None:
    """The finding against the node when a running total is over its limit, else None."""
    statistics = (
        Statistic("running_margin", totals.margin_nats_ppm, MARGIN_LIMIT_PPM),
        Statistic("running_distance", totals.distance_nats_ppm, DISTANCE_LIMIT_PPM),
    )
    over = [one for one in statistics if one.value_ppm > one.limit_ppm]
    if not over:
        return None
    what = {
        "running_margin": "tokens are further from what the reference model would choose than chance allows",
        "running_distance": "logits are further from the reference model's than chance allows",
    }[over[0].name]
    sentence = (
        f"No single answer, but {totals.answers:,} together ({totals.positions:,} positions): the {what}. "
        f"Evidence {over[0].value_ppm / PPM:.1f} nats, limit {over[0].limit_ppm / PPM:.1f}."
    )
    n = totals.positions
    mismatches = max(1, totals.mismatches)
    return Finding("recompute_tolerant", n, mismatches, -1, sentence, statistics, calibration.digest, n)


@functools.lru_cache(maxsize=64)
def margin_tilt(calibration: Calibration) -> float:
    """θ of the margin's CUSUM, per logit.

    An honest margin is 0 with probability 1 − p0 and else exponential with mean β = µ0/p0 (measured); then
    E[exp(θx)] = 1 − p0 + p0/(1 − θβ), for θ < 1/β.
    """
    share = calibration.mismatch_ppm / PPM
    mean = calibration.mean_margin_ppm / PPM
    if share <= 0 or mean <= 0:
        return 0.0
    beta, allowed = mean / share, mean + _margin_allowance(calibration)

    def excess(theta: float) -> float:
        return math.log(1 - share + share / (1 - theta * beta)) - theta * allowed

    low, high = 0.0, (1 - 1e-9) / beta
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return low


def distance_tilt(calibration: Calibration) -> float:
    """θ of the distance's CUSUM, per nat of distance: 2κ/σ² for a normal x, here 1/σ since κ = σ/2."""
    deviation = calibration.distance_deviation_ppm / PPM
    return 1 / deviation if deviation > 0 else 0.0


def _margin_allowance(calibration: Calibration) -> float:
    """κ: the shift that is looked for is a mean margin of twice the honest one."""
    return calibration.mean_margin_ppm / PPM / 2


def _margin_step(mean_ppm: int, positions: int, calibration: Calibration) -> int:
    centre_ppm = calibration.mean_margin_ppm + PPM * _margin_allowance(calibration)
    return round(margin_tilt(calibration) * positions * (mean_ppm - centre_ppm))


def _distance_step(mean_ppm: int, positions: int, calibration: Calibration) -> int:
    """A whole answer counts once, one of fewer than 16 positions by its part: positions go together."""
    weight = min(positions, LEAST_POSITIONS) / LEAST_POSITIONS
    centre_ppm = calibration.mean_distance_ppm + calibration.distance_deviation_ppm / 2
    return round(distance_tilt(calibration) * weight * (mean_ppm - centre_ppm))
