"""What honest answers look like when two machines' numerics differ, for one model file: measured, then dated.

All figures are integers × 10⁶ (`ppm`), so that a calibration has a digest and every limit follows from it.
`docs/verification.md` has the formulas' origin.
"""

from __future__ import annotations

import math

import msgspec

from console.protocol.canonical import digest

PPM = 1_000_000
UNLIKE = "unlike"
"""In place of a node's class: any class but the verifier's own."""
LEAST_POSITIONS = 16
"""Fewer are judged as if the missing ones had shown nothing: else one honest near tie would decide a mean."""
DEVIATIONS = 5
"""Standard errors between the honest mean and a limit."""


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Honest figures of one model file under differing numerics, and the two limits that are no formula."""

    model: str
    """SHA-256 of the file, 64 hex digits."""
    node: str
    """Class id of the node's profile, or `UNLIKE`."""
    verifier: str
    """Class id of the verifier's profile."""
    mean_margin_ppm: int
    """µ0: mean over honest positions of the margin, capped at 5."""
    margin_deviation_ppm: int
    """σ0: its standard deviation from position to position."""
    mismatch_ppm: int
    """p0: share of honest positions at which the verifier's own token is another one."""
    max_margin_ppm: int
    """Limit of rule A."""
    mean_distance_ppm: int
    """δ0: mean over honest positions of the logprob distance."""
    distance_deviation_ppm: int
    """Standard deviation of the mean distance of 16 positions of one answer, from stretch to stretch."""
    distance_limit_ppm: int
    """Limit of rule D."""
    tokens: int
    jobs: int
    """Honest tokens and answers that all this was measured from."""
    date: str
    """Day of the measurement, `2026-11-26`."""

    @property
    def digest(self) -> str:
        """64 hex digits; names the calibration in a verdict."""
        return digest("calibration/v1", self)

    def mean_margin_limit_ppm(self, positions: int) -> int:
        """Rule B: µ0 + 5·σ0/√n, n at least 16."""
        return _scaled(self.mean_margin_ppm, self.margin_deviation_ppm, positions)

    def mismatch_limit_ppm(self, positions: int) -> int:
        """Rule C: p0 + 5·√(p0·(1 − p0)/n), n at least 16."""
        share = self.mismatch_ppm / PPM
        return _scaled(self.mismatch_ppm, round(PPM * math.sqrt(share * (1 - share))), positions)

    def distance_limit_at_ppm(self, positions: int) -> int:
        """Rule D: the same limit for every n from 16 on."""
        return _scaled(self.distance_limit_ppm, 0, positions)


def _scaled(mean_ppm: int, deviation_ppm: int, positions: int) -> int:
    """The mean and 5 standard errors; below 16 positions, the limit that their sum would have at 16."""
    counted = max(positions, LEAST_POSITIONS)
    limit_ppm = mean_ppm + DEVIATIONS * deviation_ppm / math.sqrt(counted)
    return round(limit_ppm * counted / positions)
