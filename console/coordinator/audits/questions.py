"""How verifiers are asked: the same question in two batch shapes, and what answering it takes. Pure."""

from __future__ import annotations

import msgspec

from console.engine.port import ScoreRequest

SHIFT = 13
"""Odd, and no divisor of any batch size in use."""


def shifted(request: ScoreRequest, name: str) -> tuple[ScoreRequest, int]:
    """The same question in another batch shape, and how many positions come before those that are wanted.

    The end of the prompt is scored with the answer, so that the rows that want logits, of which an engine
    takes so many at a time, fall into other batches.
    """
    extra = min(SHIFT, len(request.prompt_ids) - 1)
    if extra < 1:
        return msgspec.structs.replace(request, id=name), 0
    first, *rest = request.windows or ((0, len(request.completion_ids)),)
    joined = ((0, extra + first[1]),) if first[0] == 0 else ((0, extra), (extra + first[0], first[1]))
    windows = (*joined, *((extra + start, length) for start, length in rest))
    prompt, answer = request.prompt_ids[:-extra], request.prompt_ids[-extra:] + request.completion_ids
    return ScoreRequest(name, prompt, answer, windows), extra


def rows_of(request: ScoreRequest) -> int:
    """Positions that an engine computes for a score: all up to the last one that is wanted."""
    last = sum(request.windows[-1]) if request.windows else len(request.completion_ids)
    return len(request.prompt_ids) + last - 1
