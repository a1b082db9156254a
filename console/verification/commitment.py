"""Commitment to an answer's logits: SHA-256 of the blob, opened only when the answer is audited."""

from __future__ import annotations

import hashlib

import numpy as np

from console.protocol.types import TOP_K
from console.verification.sampling import PAIR, POSITION_BYTES, Candidates


def commitment(blob: bytes) -> str:
    """C, 64 hex digits."""
    return hashlib.sha256(blob).hexdigest()


def pack(rows: list[Candidates]) -> bytes:
    """The blob of an answer: its positions' candidates, one after the other."""
    return b"".join(row.tobytes() for row in rows)


def unpack(blob: bytes) -> Candidates:
    """Candidates per position, shape (n, 40).

    Raises:
        ValueError: the blob is no whole number of positions.
    """
    if len(blob) % POSITION_BYTES:
        raise ValueError(f"{len(blob)} bytes are no whole number of positions of {POSITION_BYTES}")
    return np.frombuffer(blob, dtype=PAIR).reshape(-1, TOP_K)
