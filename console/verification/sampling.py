"""Keyed sampling: round, cut to the top 40, add noise, take the largest.

Logits are rounded to 1/1024 *before* anything else: a replay from the committed integers then meets no
numerical noise at all (float replay false-rejects honest positions, gonka-ai/gonka #1199).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from console.protocol.types import TOP_K, SamplingRules
from console.verification.cut import GRID as GRID
from console.verification.cut import Cut, top_of_each
from console.verification.noise import gumbel, gumbel_each
from console.verification.rules import PLAIN, admitted, penalised

_NOTHING: Mapping[int, int] = {}

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
    pairs["q"] = cut.q
    return pairs


def choose(
    candidates: Candidates,
    seed: bytes,
    position: int,
    temperature_milli: int,
    rules: SamplingRules = PLAIN,
    seen: Mapping[int, int] = _NOTHING,
) -> int:
    """The token that the seed picks among `candidates` at `position`; at temperature 0 the largest q.

    `seen`: how often the answer holds each id so far; only `rules` with penalties look at it.
    """
    if rules != PLAIN:
        ids, q = (candidates[name].astype(np.int64) for name in ("id", "q"))
        return _by_rules(ids, q, Place(seed, position, temperature_milli, rules, seen))
    if temperature_milli == 0:
        return int(candidates["id"][0])
    ids = candidates["id"].astype(np.int64)
    scores = candidates["q"].astype(np.float64) * per_step(temperature_milli)
    return int(ids[int(np.argmax(scores + gumbel(seed, position, ids)))])


class Place(NamedTuple):
    """Where a token is to be chosen: seed and position fix the noise."""

    seed: bytes
    position: int
    temperature_milli: int
    rules: SamplingRules = PLAIN
    seen: Mapping[int, int] = _NOTHING
    """How often the answer holds each id so far; only rules with penalties look at it."""


def choose_each(cut: Cut, places: Sequence[Place]) -> list[int]:
    """`choose` for many answers at once, row by row of the cut."""
    scale = np.array([[per_step(place.temperature_milli or 1)] for place in places])
    noise = gumbel_each([(place.seed, place.position) for place in places], cut.ids)
    best = (cut.q * scale + noise).argmax(axis=1).tolist()
    chosen = [
        cut.ids.item(row, column if place.temperature_milli else 0)
        for row, (column, place) in enumerate(zip(best, places, strict=True))
    ]
    for row, place in enumerate(places):
        if place.rules != PLAIN:
            ids, q = cut.ids[row].astype(np.int64), cut.q[row].astype(np.int64)
            chosen[row] = _by_rules(ids, np.clip(q, -(2**31), 2**31 - 1), place)
    return chosen


def _by_rules(ids: npt.NDArray[np.int64], q: npt.NDArray[np.int64], place: Place) -> int:
    """One choice under rules that change something."""
    scaled = penalised(ids, q, place.rules, place.seen)
    if place.temperature_milli == 0:
        return int(ids[np.lexsort((ids, -scaled))[0]])
    left = admitted(ids, scaled, place.temperature_milli, place.rules)
    scores = scaled[left] / (GRID * float(place.temperature_milli))
    return int(ids[left[int(np.argmax(scores + gumbel(place.seed, place.position, ids[left])))]])


def per_step(temperature_milli: int) -> float:
    """What one step of q weighs beside the noise; a temperature of 0 has no such weight."""
    return 1000.0 / (GRID * temperature_milli)
