"""What a plan rests on: the machine, the model, the operator's wishes, and what earlier starts taught."""

from __future__ import annotations

import msgspec


class Card(msgspec.Struct, frozen=True):
    """A GPU that may hold layers. `free_bytes` None: its driver does not say."""

    name: str
    free_bytes: int | None = None
    shared: bool = False
    """Whether its memory is the machine's own."""


class Machine(msgspec.Struct, frozen=True):
    """The machine at the moment of the start. None: not known."""

    logical_cores: int
    physical_cores: int | None = None
    usable_cores: float | None = None
    """Allowed by affinity and by the container's quota, e.g. 1.5."""
    busy_cores: float | None = None
    """That other programs keep busy now."""
    ram_free_bytes: int | None = None
    cards: tuple[Card, ...] = ()
    offload: bool = False
    """Whether this build of llama.cpp can compute on `cards`."""


class Weights(msgspec.Struct, frozen=True):
    """What decides a model's need of memory; from its GGUF header."""

    size_bytes: int
    layers: int
    cache_bytes_per_token: int
    """K (BF16) and V (F16) of one token over all layers."""
    embedding: int
    feed_forward: int
    vocabulary: int
    trained_context: int
    """0: the file does not say."""


class Wishes(msgspec.Struct, frozen=True):
    """From the operator's configuration."""

    context: int = 2048
    """Tokens of one sequence."""
    threads: int = 0
    """0: to be planned."""
    gpu_layers: int = -1
    """-1: as many as fit."""
    slots: int = 0
    """0: to be planned."""


class Learned(msgspec.Struct, frozen=True):
    """What earlier starts of the same engine found out by trying."""

    steps: int = 0
    """Step-downs taken because memory ran out."""
    one_thread: str = ""
    """What was measured that speaks for one thread; empty: nothing."""
    threads_tried: bool = False
    """Whether one thread has been measured against more."""
    slots: int = 0
    """As many as were found to help; 0: not measured."""
    slots_because: str = ""
    """What was measured, in words."""
