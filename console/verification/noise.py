"""Public, counter-based Gumbel noise: anyone who knows the seed computes the same numbers.

`S = SHA256(draw ‖ job ‖ node ‖ SHA256(prompt ids))` is fixed by the draw, so nobody can choose it. At
position t and token id v: `key_t = u64(SHA256(S ‖ be32(t))[:8])`, `x = mix(key_t + (v+1)·γ)` with
splitmix64's finaliser and γ its golden-ratio increment (Steele, Lea & Flood 2014),
`u = ((x >> 11) + ½)·2⁻⁵³`, `g = −ln(−ln u)`.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def job_seed(draw: bytes, job: str, node: str, prompt_digest: str) -> bytes:
    """S, 32 bytes. `draw`: the 32 bytes of the accepted pick; `job`, `node`, `prompt_digest`: hex ids."""
    parts = (draw, bytes.fromhex(job), bytes.fromhex(node), bytes.fromhex(prompt_digest))
    return hashlib.sha256(b"".join(parts)).digest()


def position_key(seed: bytes, position: int) -> np.uint64:
    """key_t for the answer's token number `position`, counted from 0."""
    return np.uint64(int.from_bytes(hashlib.sha256(seed + position.to_bytes(4, "big")).digest()[:8], "big"))


def gumbel(seed: bytes, position: int, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Noise for each of `ids` at `position`; float64, same shape."""
    with np.errstate(over="ignore"):
        x = position_key(seed, position) + (ids.astype(np.uint64) + np.uint64(1)) * _GAMMA
        x = (x ^ (x >> np.uint64(30))) * _MIX_1
        x = (x ^ (x >> np.uint64(27))) * _MIX_2
        x = x ^ (x >> np.uint64(31))
    u = ((x >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    noise: npt.NDArray[np.float64] = -np.log(-np.log(u))
    return noise
