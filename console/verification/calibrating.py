"""Thresholds from honest runs: one calibration that holds for every condition that was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from console.verification.calibration import DEVIATIONS, LEAST_POSITIONS, PPM, Calibration
from console.verification.margins import MARGIN_CAP, OUTSIDE_MARGIN, Differences, Figures

LEAST_TOKENS = 1000
"""Honest tokens of one condition below which nothing is calibrated."""
TAIL = 1e-6
"""Share of honest positions that rule A may wrongly reject: one answer of 128 tokens in about 8,000."""
HEADROOM = 1.25
"""By how much a limit lies at least above the largest honest figure seen."""


class Condition(msgspec.Struct, frozen=True):
    """What honest answers showed under one pair of numerics; the evidence behind a calibration."""

    name: str
    jobs: int
    tokens: int
    mean_margin_ppm: int
    margin_deviation_ppm: int
    mismatch_ppm: int
    max_margin_ppm: int
    """Largest margin of a token among the reference's 40; others have one that was set, not measured."""
    tail_margin_ppm: int
    """Where the tail of those margins leaves `TAIL`."""
    mean_distance_ppm: int
    distance_deviation_ppm: int
    max_distance_ppm: int
    """Largest mean distance of 16 positions of one answer."""


class TooFewError(ValueError):
    """There are too few honest tokens, or none of them differs, so that no limit can be told."""


def condition_of(name: str, answers: Sequence[Differences]) -> Condition:
    """Figures of honest `answers`, each compared whole.

    Raises:
        TooFewError: fewer than `LEAST_TOKENS` positions.
    """
    tokens = sum(len(one.margins) for one in answers)
    if tokens < LEAST_TOKENS:
        raise TooFewError(f"{name}: {tokens} honest tokens are too few; {LEAST_TOKENS} are needed")
    margins = np.concatenate([one.margins for one in answers])
    capped = np.minimum(margins, MARGIN_CAP)
    measured = margins[(margins > 0) & (margins != OUTSIDE_MARGIN)]
    distances = np.concatenate([one.distances for one in answers])
    stretches = np.array([mean for one in answers for mean in _stretches(one)])
    return Condition(
        name=name,
        jobs=len(answers),
        tokens=tokens,
        mean_margin_ppm=_ppm(capped.mean()),
        margin_deviation_ppm=_ppm(capped.std()),
        mismatch_ppm=_ppm(np.count_nonzero(margins) / tokens),
        max_margin_ppm=_ppm(measured.max(initial=0.0)),
        tail_margin_ppm=_ppm(_tail(measured, tokens)),
        mean_distance_ppm=_ppm(distances.mean()),
        distance_deviation_ppm=_ppm(stretches.std()) if stretches.size else 0,
        max_distance_ppm=_ppm(stretches.max()) if stretches.size else 0,
    )


def calibrate(
    conditions: Sequence[Condition], model: str, node: str, verifier: str, date: str
) -> Calibration:
    """The limits that every one of `conditions` keeps: µ0, σ0, p0, δ0 are the largest among them.

    Raises:
        TooFewError: no condition, or none whose numerics differ from the verifier's at all.
    """
    differing = [one for one in conditions if one.mismatch_ppm > 0 and one.mean_distance_ppm > 0]
    if not differing:
        raise TooFewError("no honest run differed from the verifier's numerics, so nothing can be calibrated")
    mean_distance = max(one.mean_distance_ppm for one in differing)
    spread = max(one.distance_deviation_ppm for one in differing)
    largest = max(one.max_distance_ppm for one in differing)
    return Calibration(
        model=model,
        node=node,
        verifier=verifier,
        mean_margin_ppm=max(one.mean_margin_ppm for one in differing),
        margin_deviation_ppm=max(one.margin_deviation_ppm for one in differing),
        mismatch_ppm=max(one.mismatch_ppm for one in differing),
        max_margin_ppm=max(
            max(one.tail_margin_ppm, round(HEADROOM * one.max_margin_ppm)) for one in differing
        ),
        mean_distance_ppm=mean_distance,
        distance_deviation_ppm=spread,
        distance_limit_ppm=max(mean_distance + DEVIATIONS * spread, round(HEADROOM * largest)),
        tokens=sum(one.tokens for one in differing),
        jobs=sum(one.jobs for one in differing),
        date=date,
    )


def _margin_limit_ppm(one: Condition) -> int:
    return max(one.tail_margin_ppm, round(HEADROOM * one.max_margin_ppm))


def _tail(measured: Figures, tokens: int) -> float:
    """The margin that `TAIL` of all positions exceed.

    The tail is that of a Weibull distribution with the mean and the mean square of the margins above 0:
    between a half-normal (noise of one size) and an exponential (noise of mixed sizes), as measured.
    """
    if not measured.size:
        return 0.0
    mean = float(measured.mean())
    shape = _weibull_shape(float((measured**2).mean()) / mean**2)
    exceeding = max(measured.size / tokens / TAIL, math.e)
    return mean / math.gamma(1 + 1 / shape) * math.pow(math.log(exceeding), 1 / shape)


def _weibull_shape(ratio: float) -> float:
    """The shape, 0.5 to 4, whose mean square is `ratio` times its mean's square; it falls as that rises."""
    low, high = 0.5, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        found = math.gamma(1 + 2 / middle) / math.gamma(1 + 1 / middle) ** 2
        low, high = (middle, high) if found > ratio else (low, middle)
    return low


def _stretches(answer: Differences) -> list[float]:
    whole = len(answer.distances) // LEAST_POSITIONS * LEAST_POSITIONS
    return [float(part.mean()) for part in answer.distances[:whole].reshape(-1, LEAST_POSITIONS)]


def _ppm(value: float) -> int:
    return round(float(value) * PPM)
