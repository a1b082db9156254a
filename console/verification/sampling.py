"""Keyed sampling: round, cut to the top 40, add noise, take the largest.

Logits are rounded to 1/1024 *before* anything else: a replay from the committed integers then meets no
numerical noise at all (float replay false-rejects honest positions, gonka-ai/gonka #1199).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from console.protocol.types import TOP_K
from console.verification.cut import GRID as GRID
from console.verification.cut import Cut, top_of_each
from console.verification.noise import gumbel, gumbel_each

PAIR = np.dtype([("id", "<u4"), ("q", "<i4")])
"""One committed candidate: token id and rounded logit × 1024, little-endian."""

POSITION_BYTES = TOP_K * PAIR.itemsize
"""Bytes of blob per token of the answer."""

Candidates = npt.NDArray[np.void]
"""40 `PAIR`s, sorted by q downwards, equal q by id upwards."""


def top_candidates(logits: npt.NDArray[np.float32]) -> Candidates:
    """The 40 best of one row of logits, rounded; ties go to the lower id, so that the set is unique.

    Raises:
        ValueError: fewer than 40 logits.
    """
    row: Candidates = candidates_of_each(top_of_each(logits.reshape(1, -1)))[0]
    return row


def candidates_of_each(cut: Cut) -> Candidates:
    """The committed form of a cut, shape (rows, 40)."""
    pairs = np.empty(cut.ids.shape, dtype=PAIR)
    pairs["id"] = cut.ids
    pairs["q"] = np.clip(cut.q, -(2**31), 2**31 - 1)
    return pairs


def choose(candidates: Candidates, seed: bytes, position: int, temperature_milli: int) -> int:
    """The token that the seed picks among `candidates` at `position`; at temperature 0 the largest q."""
    if temperature_milli == 0:
        return int(candidates["id"][0])
    ids = candidates["id"].astype(np.int64)
    scores = candidates["q"].astype(np.float64) * _per_step(temperature_milli)
    return int(ids[int(np.argmax(scores + gumbel(seed, position, ids)))])


class Place(NamedTuple):
    """Where a token is to be chosen: seed and position fix the noise."""

    seed: bytes
    position: int
    temperature_milli: int


def choose_each(cut: Cut, places: Sequence[Place]) -> list[int]:
    """`choose` for many answers at once, row by row of the cut."""
    scale = np.array([_per_step(place.temperature_milli or 1) for place in places])
    noise = gumbel_each([(place.seed, place.position) for place in places], cut.ids)
    best = (cut.q * scale[:, None] + noise).argmax(axis=1)
    chosen: list[int] = cut.ids[np.arange(len(places)), best].tolist()
    if not all(place.temperature_milli for place in places):
        greedy = cut.ids[:, 0].tolist()
        return [c if p.temperature_milli else g for c, g, p in zip(chosen, greedy, places, strict=True)]
    return chosen


def _per_step(temperature_milli: int) -> float:
    """What one step of q weighs beside the noise."""
    return 1000.0 / (GRID * temperature_milli)
