"""Step 3, tolerant mode: the reference's numerics differ from the node's, so that logits may differ a little.

Four rules, each a figure beside its limit; one over its limit rejects:
A  the largest margin of any position;
B  the mean margin, each capped at 5, against µ0 + 5·σ0/√n;
C  the share of positions at which the reference chooses another token, against p0 + 5·√(p0(1−p0)/n);
D  the mean logprob distance.
An answer of fewer than 16 positions is judged as if the missing ones had shown nothing; what short answers
show is added up in `console.verification.running`.
"""

from __future__ import annotations

import numpy as np

from console.protocol.types import Statistic, StatisticName
from console.verification.calibration import PPM, Calibration
from console.verification.commitment import unpack
from console.verification.judge import Claim, Finding
from console.verification.margins import MARGIN_CAP, Differences, differences
from console.verification.windows import Windows, places

_WORDS: dict[StatisticName, str] = {
    "max_margin": "one token is far from what the reference model would choose",
    "mean_margin": "the tokens are too far from what the reference model would choose",
    "mismatch_rate": "too many tokens are not those that the reference model would choose",
    "logprob_distance": "the committed logits are not those of the model that the node says it serves",
}


def check_recompute_tolerant(
    claim: Claim, reference_blob: bytes, calibration: Calibration, windows: Windows = ()
) -> Finding:
    """Judge a replayed answer against a reference of other numerics.

    `reference_blob`: the reference's candidates at the positions of `windows`, or at all.
    `Finding.mismatches` is 0 when every rule holds, whatever single tokens differ.

    Raises:
        ValueError: the reference does not cover what it should: the verifier failed, not the node.
    """
    found, where = compared(claim, reference_blob, windows)
    statistics = statistics_of(found, calibration)
    over = [one for one in statistics if one.value_ppm > one.limit_ppm]
    n, whole = len(where), len(claim.token_ids)
    covered = f"{n} of {whole} positions" if windows else f"{whole} positions"
    if not over:
        sentence = f"Within the noise between two kinds of machine, at {covered}."
        return Finding("recompute_tolerant", whole, 0, -1, sentence, statistics, calibration.digest, n)
    differing = np.flatnonzero(found.margins > 0)
    first = where[int(np.argmax(found.margins))] if over[0].name == "max_margin" else -1
    if first < 0 and differing.size:
        first = where[int(differing[0])]
    sentence = f"At {covered}, {_WORDS[over[0].name]}: {_figures(over[0])}."
    mismatches = max(1, int(differing.size))
    return Finding(
        "recompute_tolerant", whole, mismatches, first, sentence, statistics, calibration.digest, n
    )


def compared(
    claim: Claim, reference_blob: bytes, windows: Windows = ()
) -> tuple[Differences, tuple[int, ...]]:
    """What differs, position by position, and which positions those are. Raises ValueError as above."""
    where = places(windows, len(claim.token_ids))
    reference, theirs = unpack(reference_blob), unpack(claim.blob)
    if len(reference) != len(where):
        raise ValueError(f"the reference covers {len(reference)} positions of {len(where)}")
    tokens = tuple(claim.token_ids[t] for t in where)
    found = differences(reference, theirs[list(where)], tokens, where, claim.seed, claim.temperature_milli)
    return found, where


def statistics_of(found: Differences, calibration: Calibration) -> tuple[Statistic, ...]:
    """Every figure beside its limit at so many positions."""
    n = len(found.margins)
    mean = float(np.minimum(found.margins, MARGIN_CAP).mean())
    share = float(np.count_nonzero(found.margins) / n)
    distance = float(found.distances.mean())
    return (
        Statistic("max_margin", _ppm(float(found.margins.max())), calibration.max_margin_ppm),
        Statistic("mean_margin", _ppm(mean), calibration.mean_margin_limit_ppm(n)),
        Statistic("mismatch_rate", _ppm(share), calibration.mismatch_limit_ppm(n)),
        Statistic("logprob_distance", _ppm(distance), calibration.distance_limit_at_ppm(n)),
    )


def abstained(claim: Claim, why: str) -> Finding:
    """Nothing to judge a recompute by: structure and replay held, and that is all that is said."""
    n = len(claim.token_ids)
    return Finding("abstained", n, 0, -1, f"Replayed, not recomputed: {why}")


def _figures(one: Statistic) -> str:
    return f"{one.name.replace('_', ' ')} {one.value_ppm / PPM:.3f}, limit {one.limit_ppm / PPM:.3f}"


def _ppm(value: float) -> int:
    return round(value * PPM)
