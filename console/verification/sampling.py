"""Keyed sampling: round, cut to the top 40, add noise, take the largest.

Logits are rounded to 1/1024 *before* anything else: a replay from the committed integers then meets no
numerical noise at all (float replay false-rejects honest positions, gonka-ai/gonka #1199).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from console.protocol.types import TOP_K, SamplingRules
from console.verification.noise import gumbel
from console.verification.rules import GRID, PLAIN, admitted, penalised

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
    if logits.shape[0] < TOP_K:
        raise ValueError(f"a vocabulary of {logits.shape[0]} is smaller than the top {TOP_K}")
    rounded = np.rint(logits.astype(np.float64) * GRID) if logits.shape[0] == TOP_K else None
    if rounded is None:
        border = np.partition(logits, logits.shape[0] - TOP_K)[logits.shape[0] - TOP_K]
        near = np.flatnonzero(logits >= border - np.float32(2.0 / GRID))
    else:
        near = np.arange(TOP_K)
    q = np.rint(logits[near].astype(np.float64) * GRID).astype(np.int64)
    order = np.lexsort((near, -q))[:TOP_K]
    pairs = np.empty(TOP_K, dtype=PAIR)
    pairs["id"] = near[order]
    pairs["q"] = np.clip(q[order], -(2**31), 2**31 - 1)
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
        return _choose_by_rules(candidates, seed, position, temperature_milli, rules, seen)
    if temperature_milli == 0:
        return int(candidates["id"][0])
    ids = candidates["id"].astype(np.int64)
    scores = candidates["q"].astype(np.float64) * (1000.0 / (GRID * temperature_milli))
    return int(ids[int(np.argmax(scores + gumbel(seed, position, ids)))])


def _choose_by_rules(
    candidates: Candidates,
    seed: bytes,
    position: int,
    temperature_milli: int,
    rules: SamplingRules,
    seen: Mapping[int, int],
) -> int:
    ids = candidates["id"].astype(np.int64)
    scaled = penalised(ids, candidates["q"].astype(np.int64), rules, seen)
    if temperature_milli == 0:
        return int(ids[np.lexsort((ids, -scaled))[0]])
    left = admitted(ids, scaled, temperature_milli, rules)
    scores = scaled[left] / (GRID * float(temperature_milli))
    return int(ids[left[int(np.argmax(scores + gumbel(seed, position, ids[left])))]])
