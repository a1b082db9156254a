"""Answers whose reference has other numerics: the same logits with a little normal noise upon them."""

from __future__ import annotations

import hashlib

import numpy as np

from console.verification.calibrating import calibrate, condition_of
from console.verification.calibration import UNLIKE, Calibration
from console.verification.commitment import commitment, pack
from console.verification.judge import Claim
from console.verification.margins import Differences
from console.verification.sampling import choose, top_candidates
from console.verification.tolerant import compared

VOCABULARY = 300
MODEL, NODE, VERIFIER = "a" * 64, "b" * 64, "c" * 64
HONEST = 0.1
"""Standard deviation of the noise on each logit: what real builds differ by."""


def answer(
    n: int, number: int, error: float = HONEST, temperature_milli: int = 1000, wrong: float = 0.0
) -> tuple[Claim, bytes]:
    """A claim of `n` tokens, and the reference's blob. `wrong`: what the node's model differs by besides."""
    rng = np.random.default_rng(number)
    seed = hashlib.sha256(str(number).encode()).digest()
    true = rng.normal(0, 3, (n, VOCABULARY))
    theirs = true + rng.normal(0, error / 2**0.5 + wrong, true.shape)
    ours = true + rng.normal(0, error / 2**0.5, true.shape)
    rows = [top_candidates(row.astype(np.float32)) for row in theirs]
    ids = tuple(choose(row, seed, t, temperature_milli) for t, row in enumerate(rows))
    blob = pack(rows)
    claim = Claim(ids, "length", commitment(blob), blob, seed, temperature_milli, n)
    return claim, pack([top_candidates(row.astype(np.float32)) for row in ours])


def honest(jobs: int, n: int = 128, first: int = 0, temperature_milli: int = 1000) -> list[Differences]:
    """What honest answers show."""
    made = (answer(n, first + j, temperature_milli=temperature_milli) for j in range(jobs))
    return [compared(claim, reference)[0] for claim, reference in made]


def honest_calibration() -> Calibration:
    """From 4,096 honest tokens."""
    condition = condition_of("noise", honest(32))
    return calibrate([condition], MODEL, UNLIKE, VERIFIER, "2026-11-26")
