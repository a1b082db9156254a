"""What fits: an estimate of the memory a model takes, before it is loaded.

It counts what llama.cpp allocates for certain (weights, K and V cache) and estimates its compute buffer, so
it is a guide for choosing and not a promise: repacked weights, GPU buffers and the engine's own Python
(about 60 MB) come on top.
"""

from __future__ import annotations

import msgspec

from console.models.gguf import GgufInfo

BATCH_TOKENS = 512
"""llama.cpp's default n_ubatch: the rows that its compute buffer is made for."""


class Fit(msgspec.Struct, frozen=True):
    """Whether a model fits with a context of `n_ctx` tokens. `largest_n_ctx` is 0 if it never does."""

    ok: bool
    needed_bytes: int
    available_bytes: int
    n_ctx: int
    largest_n_ctx: int


def cache_bytes_per_token(info: GgufInfo, k_bytes: float = 2, v_bytes: float = 2) -> float:
    """Bytes of K and V cache for one token of context; `k_bytes`, `v_bytes`: bytes per number."""
    per_head = info.key_length * k_bytes + info.value_length * v_bytes
    return info.layers * info.kv_heads * per_head


def memory_needed(
    info: GgufInfo, n_ctx: int, k_bytes: float = 2, v_bytes: float = 2, batch: int = BATCH_TOKENS
) -> int:
    """Estimated bytes for the model with `n_ctx` tokens of context over all sequences.

    Models with a sliding window need less when their cache is cut to it; this counts the full cache.
    """
    cache = n_ctx * cache_bytes_per_token(info, k_bytes, v_bytes)
    return int(info.expected_bytes + cache + _compute_bytes(info, batch))


def _compute_bytes(info: GgufInfo, batch: int) -> int:
    """Logits of a whole batch beside the activations of one layer, in 32-bit floats.

    Measured with llama-cpp-python 0.3.36 on SmolLM2-135M, batch 512: 102.5 MiB; this says 103.1 MiB.
    """
    return 4 * batch * (info.vocabulary + info.embedding_length + 2 * info.feed_forward_length)


def fits(info: GgufInfo, available_bytes: int, n_ctx: int, k_bytes: float = 2, v_bytes: float = 2) -> Fit:
    """Compare `memory_needed` with `available_bytes`, and say the largest context that would fit."""
    needed = memory_needed(info, n_ctx, k_bytes, v_bytes)
    room = available_bytes - memory_needed(info, 0, k_bytes, v_bytes)
    per_token = cache_bytes_per_token(info, k_bytes, v_bytes)
    largest = info.context_length if not per_token else int(room // per_token)
    return Fit(
        ok=needed <= available_bytes,
        needed_bytes=needed,
        available_bytes=available_bytes,
        n_ctx=n_ctx,
        largest_n_ctx=max(0, min(largest, info.context_length)),
    )
