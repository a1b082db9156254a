"""The start-up test of exactness: one row at a time against a batch, the candidates byte for byte.

It looks on both sides of 256 tokens of context, since from 257 on ggml may take other attention paths, and
its batches have more than 64 rows, since from there on it may take another one again (measured, llama.cpp of
llama-cpp-python 0.3.36). The rows between are computed once: this runs at every start.
"""

from __future__ import annotations

from console.engine.process.decoding import Decoder, Row
from console.engine.process.sampled import candidates_of

BORDER = 256
BATCH_ROWS = 72
COMPARED = 16
"""Positions compared on each side."""


def self_test(decoder: Decoder, vocabulary: int, end_ids: frozenset[int], context: int) -> bool:
    """Whether this machine's logits do not depend on how rows are batched.

    Raises:
        DecodeError: the model does not compute at all.
        ValueError: its vocabulary is smaller than the candidates of one position.
    """
    ids = _filler(BORDER + BATCH_ROWS, vocabulary, end_ids)
    try:
        alone = _alone(decoder, ids, 0)
        decoder.forget(0)
        same = alone == _batch(decoder, ids, 0, min(BATCH_ROWS, context))
        if same and context >= len(ids):
            decoder.decode([Row(ids[p], p, 0, False) for p in range(BATCH_ROWS, BORDER)])
            alone = _alone(decoder, ids, BORDER)
            decoder.forget(0, BORDER)
            same = alone == _batch(decoder, ids, BORDER, len(ids))
        return same
    finally:
        decoder.forget(0)


def _batch(decoder: Decoder, ids: list[int], first: int, end: int) -> list[bytes]:
    """Candidates of the first positions of one batch from `first` to `end`."""
    decoder.decode([Row(ids[p], p, 0, p < first + COMPARED) for p in range(first, end)])
    return [row.tobytes() for row in candidates_of(decoder.outputs())]


def _alone(decoder: Decoder, ids: list[int], first: int) -> list[bytes]:
    """Candidates of the same positions, each computed by itself."""
    found = []
    for position in range(first, first + COMPARED):
        decoder.decode([Row(ids[position], position, 0, True)])
        found.append(candidates_of(decoder.outputs())[0].tobytes())
    return found


def _filler(count: int, vocabulary: int, end_ids: frozenset[int]) -> list[int]:
    """Ids all over the vocabulary, always the same."""
    ids: list[int] = []
    state = 1
    while len(ids) < count:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        token = (state >> 33) % vocabulary
        if token not in end_ids:
            ids.append(token)
    return ids
