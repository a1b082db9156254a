"""Answers and recomputations on a bare decoder, for calibrations and experiments: no slots, no streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from console.engine.process.decoding import Decoder, Row
from console.engine.process.sampled import candidates_of
from console.verification.commitment import pack
from console.verification.sampling import Candidates, choose

Pick = Callable[[Candidates, "Asked", int], int]
"""The token for a position of an answer."""


class Asked(msgspec.Struct, frozen=True):
    """One answer to make. `seed`: 32 bytes."""

    prompt_ids: tuple[int, ...]
    seed: bytes
    temperature_milli: int
    max_tokens: int


class Answered(msgspec.Struct, frozen=True):
    """The answer, with the candidates that it was chosen from."""

    asked: Asked
    token_ids: tuple[int, ...]
    blob: bytes


def honest_pick(row: Candidates, asked: Asked, position: int) -> int:
    """The token that the seed picks."""
    return choose(row, asked.seed, position, asked.temperature_milli)


def answer_together(
    decoder: Decoder, asked: Sequence[Asked], end_ids: frozenset[int], pick: Pick = honest_pick
) -> list[Answered]:
    """Answer all of `asked` in shared batches, each in a sequence of its own.

    Raises:
        DecodeError: the model could not compute.
    """
    running = [_Running(slot, one) for slot, one in enumerate(asked)]
    everyone = list(running)
    for one in everyone:
        one.take(_prefill(decoder, one), pick)
    while running := [one for one in running if not one.ended(end_ids)]:
        decoder.decode([one.next_row() for one in running])
        for row, one in zip(candidates_of(decoder.outputs()), running, strict=True):
            one.take(row, pick)
    for one in everyone:
        decoder.forget(one.slot)
    return [Answered(one.asked, tuple(one.token_ids), pack(one.rows)) for one in everyone]


def recompute(decoder: Decoder, prompt_ids: tuple[int, ...], token_ids: tuple[int, ...]) -> bytes:
    """The candidates at every position of an answer, by one prefill. Raises DecodeError."""
    tokens = prompt_ids + token_ids[:-1]
    first = len(prompt_ids) - 1
    blob, start = b"", 0
    while start < len(tokens):
        wants = start >= first
        end = min(len(tokens), start + decoder.logits_limit) if wants else min(first, start + 256)
        decoder.decode([Row(tokens[p], p, 0, wants) for p in range(start, end)])
        if wants:
            blob += candidates_of(decoder.outputs()).tobytes()
        start = end
    decoder.forget(0)
    return blob


class _Running:
    def __init__(self, slot: int, asked: Asked) -> None:
        self.slot = slot
        self.asked = asked
        self.token_ids: list[int] = []
        self.rows: list[Candidates] = []

    def take(self, row: Candidates, pick: Pick) -> None:
        self.token_ids.append(pick(row, self.asked, len(self.token_ids)))
        self.rows.append(row)

    def ended(self, end_ids: frozenset[int]) -> bool:
        return len(self.token_ids) >= self.asked.max_tokens or self.token_ids[-1] in end_ids

    def next_row(self) -> Row:
        place = len(self.asked.prompt_ids) + len(self.token_ids) - 1
        return Row(self.token_ids[-1], place, self.slot, True)


def _prefill(decoder: Decoder, one: _Running) -> Candidates:
    ids, last = one.asked.prompt_ids, len(one.asked.prompt_ids) - 1
    chunk = min(256, decoder.rows_limit)
    for start in range(0, len(ids), chunk):
        end = min(len(ids), start + chunk)
        decoder.decode([Row(ids[p], p, one.slot, p == last) for p in range(start, end)])
    row: Candidates = candidates_of(decoder.outputs())[0]
    return row
