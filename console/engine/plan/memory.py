"""What an engine takes of memory, estimated before it is started."""

from __future__ import annotations

import msgspec

from console.engine.plan.facts import Machine, Weights
from console.models.memory import BATCH_TOKENS

LOGITS_ROWS = 64
"""Rows of a batch that may want logits: the engine's process reserves no more."""
CELLS = 256
"""llama.cpp rounds the cells of a cache up to a multiple of this."""
PROCESS_BYTES = 100 * 2**20
"""The engine's Python, its server and llama.cpp's code: 53 MB resident once imported, and room for a
vocabulary of 262 k pieces."""
RAM_LEFT = 8
"""One part in so many of the free memory is left to everything else."""
VRAM_LEFT_BYTES = 1024 * 2**20
"""Left free on each GPU: llama.cpp's own margin when it fits a model by itself (`--fit`)."""


class Shape(msgspec.Struct, frozen=True):
    """What of a plan decides its need of memory."""

    context: int
    slots: int
    gpu_layers: int


class Need(msgspec.Struct, frozen=True):
    """Bytes of the machine's memory and of all its GPUs together."""

    ram: int
    vram: int


class Room(msgspec.Struct, frozen=True):
    """Bytes that may be taken; None: not known."""

    ram: int | None
    vram: int | None
    shared: bool = False
    """Whether both are the same memory."""


def need(weights: Weights, shape: Shape) -> Need:
    """What `shape` takes. One sequence more than there are slots: answers are judged again in a cache of
    their own."""
    layers = max(1, weights.layers)
    held = min(shape.gpu_layers, layers + 1)
    cache = _cells(shape.context) * weights.cache_bytes_per_token * (shape.slots + 1)
    vram_cache = cache * min(held, layers) // layers
    vram_weights = weights.size_bytes * held // (layers + 1)
    compute = 2 * _compute(weights, shape.context)
    ram = PROCESS_BYTES + weights.size_bytes - vram_weights + cache - vram_cache + compute
    return Need(ram, vram_weights + vram_cache + compute if held else 0)


def slot_bytes(weights: Weights, context: int) -> int:
    """The cache of one slot."""
    return _cells(context) * weights.cache_bytes_per_token


def room(machine: Machine) -> Room:
    """What may be taken on `machine`, without what is left to others."""
    free = machine.ram_free_bytes
    ram = None if free is None else free - free // RAM_LEFT
    known = [card.free_bytes for card in machine.cards]
    if not machine.offload or not known:
        return Room(ram, 0)
    if any(card.shared for card in machine.cards):
        return Room(ram, ram, shared=True)
    if any(free is None for free in known):
        return Room(ram, None)
    return Room(ram, sum(max(0, (free or 0) - VRAM_LEFT_BYTES) for free in known))


def fits(needed: Need, within: Room) -> bool:
    """Whether it does, as far as is known."""
    taken = needed.ram + needed.vram if within.shared else needed.ram
    ram = within.ram is None or taken <= within.ram
    return ram and (within.vram is None or needed.vram <= within.vram)


def size_words(size: int) -> str:
    """`45 MB`, `1.1 GB`, `21 GB`: binary, as everywhere in the console."""
    if size < 2**30:
        return f"{max(0, size) / 2**20:.0f} MB"
    return f"{size / 2**30:.1f} GB" if size < 20 * 2**30 else f"{size / 2**30:,.0f} GB"


def _cells(context: int) -> int:
    return -(-context // CELLS) * CELLS


def _compute(weights: Weights, context: int) -> int:
    """The buffer of one context: activations of a layer for a whole batch, logits, and the mask.

    Measured with llama-cpp-python 0.3.36 on SmolLM2-135M, 512 rows, 64 of them with logits: 15.5 MiB with a
    context of 2,048 and 21.5 MiB with 8,192; this says 21.1 and 27.1.
    """
    rows = BATCH_TOKENS * (weights.embedding + 2 * weights.feed_forward)
    return 4 * (rows + LOGITS_ROWS * weights.vocabulary) + 2 * BATCH_TOKENS * _cells(context)
