"""Public, counter-based Gumbel noise: anyone who knows the seed computes the same numbers.

`S = SHA256(draw ‖ job ‖ node ‖ SHA256(prompt ids))` is fixed by the draw, so nobody can choose it. At
position t and token id v: `key_t = u64(SHA256(S ‖ be32(t))[:8])`, `x = mix(key_t + (v+1)·γ)` with
splitmix64's finaliser and γ its golden-ratio increment (Steele, Lea & Flood 2014),
`u = ((x >> 11) + ½)·2⁻⁵³`, `g = −ln(−ln u)`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_KEYS = 32
"""Positions whose keys are made at once."""
_ONE, _SHIFT_1, _SHIFT_2, _SHIFT_3, _SHIFT_U = (np.uint64(n) for n in (1, 30, 27, 31, 11))


def job_seed(draw: bytes, job: str, node: str, prompt_digest: str) -> bytes:
    """S, 32 bytes. `draw`: the 32 bytes of the accepted pick; `job`, `node`, `prompt_digest`: hex ids."""
    parts = (draw, bytes.fromhex(job), bytes.fromhex(node), bytes.fromhex(prompt_digest))
    return hashlib.sha256(b"".join(parts)).digest()


def position_key(seed: bytes, position: int) -> int:
    """key_t for the answer's token number `position`, counted from 0."""
    return _keys(seed, position // _KEYS)[position % _KEYS]


def gumbel(seed: bytes, position: int, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Noise for each of `ids` at `position`; float64, same shape."""
    return _noise(np.uint64(position_key(seed, position)), ids)


def gumbel_each(
    seeds_and_positions: Sequence[tuple[bytes, int]], ids: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """`gumbel` for many answers: row i of `ids` under seed and position i."""
    keys = [[position_key(seed, position)] for seed, position in seeds_and_positions]
    return _noise(np.array(keys, dtype=np.uint64), ids)


@lru_cache(maxsize=128)
def _keys(seed: bytes, block: int) -> tuple[int, ...]:
    """The keys of _KEYS positions: right after a decode the first hash costs as much as all that follow."""
    first = block * _KEYS
    return tuple(
        int.from_bytes(hashlib.sha256(seed + position.to_bytes(4, "big")).digest()[:8], "big")
        for position in range(first, first + _KEYS)
    )


def _noise(key: np.uint64 | npt.NDArray[np.uint64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    # Products and sums wrap around; numpy warns of that for single numbers only, and these are arrays.
    x = (ids.astype(np.uint64) + _ONE) * _GAMMA + key
    x = (x ^ (x >> _SHIFT_1)) * _MIX_1
    x = (x ^ (x >> _SHIFT_2)) * _MIX_2
    x = x ^ (x >> _SHIFT_3)
    u = ((x >> _SHIFT_U).astype(np.float64) + 0.5) * 2.0**-53
    noise: npt.NDArray[np.float64] = -np.log(-np.log(u))
    return noise
