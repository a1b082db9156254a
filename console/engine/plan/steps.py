"""The way down when memory runs out: context, slots, GPU layers, each step smaller than the last."""

from __future__ import annotations

import msgspec

from console.engine.plan.memory import Shape

CONTEXT_LEAST = 512
"""Tokens: below this hardly a job fits, so nothing is won by halving further."""
CONTEXT_HALVINGS = 2
LAYER_HALVINGS = 2
"""All layers, half of them, a quarter, none."""
STEPS_MOST = 8
"""Then it is given up: memory that eight smaller starts did not find is not there."""


class Step(msgspec.Struct, frozen=True):
    """One step down and what it comes to, in words that follow on "the next start is made with"."""

    shape: Shape
    words: str


def steps(shape: Shape) -> tuple[Step, ...]:
    """All steps from `shape` down, in their order; at most STEPS_MOST."""
    found: list[Step] = []
    for _ in range(CONTEXT_HALVINGS):
        if shape.context >= 2 * CONTEXT_LEAST:
            words = f"a context of {shape.context // 2:,} tokens instead of {shape.context:,}"
            shape = msgspec.structs.replace(shape, context=shape.context // 2)
            found.append(Step(shape, words))
    while shape.slots > 1:
        fewer = shape.slots // 2
        words = f"{fewer} {'slot' if fewer == 1 else 'slots'} instead of {shape.slots}"
        shape = msgspec.structs.replace(shape, slots=fewer)
        found.append(Step(shape, words))
    for halving in range(LAYER_HALVINGS + 1):
        if shape.gpu_layers:
            fewer = shape.gpu_layers // 2 if halving < LAYER_HALVINGS else 0
            words = f"{fewer} layers on the GPU instead of {shape.gpu_layers}"
            shape = msgspec.structs.replace(shape, gpu_layers=fewer)
            found.append(Step(shape, words))
    return tuple(found[:STEPS_MOST])
