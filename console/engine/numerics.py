"""Named settings under which the same weights give slightly other logits: what a calibration runs through."""

from __future__ import annotations

import msgspec


class Numerics(msgspec.Struct, frozen=True):
    """The switches of `console.verification.profiles` that one machine can vary. The defaults are exact."""

    name: str = "exact profile"
    flash_attention: bool = True
    k_type: str = "bf16"
    v_type: str = "f16"
    rows: int = 512
    """Rows that llama.cpp computes at once (n_ubatch)."""
    tiled_mm: bool = False
    extra_buffers: bool = False


EXACT = Numerics()
CONDITIONS = (
    Numerics("flash attention off", flash_attention=False, k_type="f16", v_type="f16"),
    Numerics("K and V cache F16", k_type="f16", v_type="f16"),
    Numerics("K cache F16, V cache BF16, 64 rows", k_type="f16", v_type="bf16", rows=64),
    Numerics("repacked and tiled products", tiled_mm=True, extra_buffers=True),
)
"""Honest nodes of another kind, as far as one machine can play them."""
EXACT_ELSEWHERE = Numerics("exact profile, another build")
