"""How far a claimed answer is from the reference at each position: the margin and the logprob distance.

Margin: the smallest error in one of the reference's logits that would explain the node's choice; 0 where the
reference chooses the same token. The public noise is the same on both sides, so it takes no part in the
error. Unit: logits, divided by the temperature where that is above 1. (Token-DiFR, arXiv 2511.20621, divides
always; below 1 that would let the same numerical noise weigh more the cooler the job.)

Distance: mean over the node's first 20 candidates of |Δ log-probability|, both sides normalised within those
of the 20 that the reference holds too.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from console.protocol.types import TOP_K
from console.verification.noise import gumbel
from console.verification.sampling import GRID, Candidates

MARGIN_CAP = 5.0
"""A larger margin counts as this in a mean, so that one position cannot carry it."""
OUTSIDE_MARGIN = 0.5
"""Least margin of a token that is not among the reference's 40: its logit there is unknown."""
COMPARED = 20
"""Candidates of the node that the distance looks at."""
MISSING_DISTANCE = 1.0
"""Distance of a candidate that the reference does not hold at all among its 40."""

Figures = npt.NDArray[np.float64]


class Differences(msgspec.Struct, frozen=True):
    """Per compared position: margins and distances, float64, not capped."""

    margins: Figures
    distances: Figures


def differences(
    reference: Candidates,
    claimed: Candidates,
    token_ids: tuple[int, ...],
    places: tuple[int, ...],
    seed: bytes,
    temperature_milli: int,
) -> Differences:
    """Compare rows of the reference with rows of the claim.

    `places[i]`: position in the answer of row i of both; `token_ids[i]`: the token that the node put there.
    """
    n = len(places)
    margins, distances = np.zeros(n), np.zeros(n)
    for i, place in enumerate(places):
        row = _Row(reference[i], claimed[i], token_ids[i])
        margins[i] = row.margin(seed, place, temperature_milli)
        distances[i] = row.distance()
    return Differences(margins, distances)


class _Row:
    """One position, both sides."""

    def __init__(self, reference: Candidates, claimed: Candidates, token: int) -> None:
        self._ids = reference["id"].astype(np.int64)
        self._logits = reference["q"].astype(np.float64) / GRID
        self._claimed = claimed
        self._token = token

    def margin(self, seed: bytes, place: int, temperature_milli: int) -> float:
        """In logits; in logits ÷ T for T above 1."""
        noise, own_noise, warmth = self._noise(seed, place, temperature_milli)
        scores = self._logits + noise
        found = np.flatnonzero(self._ids == self._token)
        inside = found.size > 0
        own = float(scores[found[0]]) if inside else float(self._logits[-1]) + own_noise
        gaps = scores - own
        # A candidate that the node did not hold may have fallen off its list: that takes no more than the
        # candidate's height above the reference's own last one.
        absent = ~np.isin(self._ids, self._claimed["id"].astype(np.int64))
        gaps[absent] = np.minimum(gaps[absent], (self._logits - self._logits[-1])[absent])
        gap = max(0.0, float(gaps.max())) / warmth
        return gap if inside else max(gap, OUTSIDE_MARGIN)

    def _noise(self, seed: bytes, place: int, temperature_milli: int) -> tuple[Figures, float, float]:
        """Noise in logits for the reference's candidates and for the token, and T where it is above 1."""
        if temperature_milli == 0:
            return np.zeros(TOP_K), 0.0, 1.0
        temperature = temperature_milli / 1000
        drawn = temperature * gumbel(seed, place, np.append(self._ids, self._token))
        return drawn[:-1], float(drawn[-1]), max(1.0, temperature)

    def distance(self) -> float:
        """In nats, mean over the node's first 20 candidates."""
        ids = self._claimed["id"][:COMPARED].astype(np.int64)
        order = np.argsort(self._ids, kind="stable")
        at = np.clip(np.searchsorted(self._ids, ids, sorter=order), 0, TOP_K - 1)
        held = self._ids[order[at]] == ids
        if not held.any():
            return MISSING_DISTANCE
        ours = _normalised(self._logits[order[at]][held])
        theirs = _normalised(self._claimed["q"][:COMPARED].astype(np.float64)[held] / GRID)
        missing = MISSING_DISTANCE * float(np.count_nonzero(~held))
        return (float(np.abs(ours - theirs).sum()) + missing) / COMPARED


def _normalised(logits: Figures) -> Figures:
    shifted = logits - logits.max()
    normalised: Figures = shifted - np.log(np.exp(shifted).sum())
    return normalised
