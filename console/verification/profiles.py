"""Numerics profiles: what must be equal for two machines' logits to be equal bit for bit.

The exact profile (measured, November 2026): flash attention on, `kv_unified` off, K cache BF16 and V cache
F16 (different types keep ggml off the two attention paths whose result depends on batch and threads), and
the two switches that keep weight products independent of batch size: `GGML_CPU_TILED_MM=0`, no extra
buffer types.
"""

from __future__ import annotations

import msgspec

from console.protocol.canonical import digest


class Profile(msgspec.Struct, frozen=True):
    """Everything that takes part in a machine's numerics; equal profiles form one class."""

    build: str
    """llama-cpp-python's version: it fixes the llama.cpp commit."""
    system: str
    """`llama_print_system_info()`: the instruction sets compiled in."""
    device: str
    """`cpu`, or the accelerator's model."""
    flash_attention: bool = True
    kv_unified: bool = False
    k_type: str = "bf16"
    v_type: str = "f16"
    tiled_mm: bool = False
    extra_buffers: bool = False
    self_test: bool = False
    """The start-up test found one-row and full-batch logits equal; without it nothing is exact."""

    @property
    def class_id(self) -> str:
        """64 hex digits; equal for machines whose logits must agree exactly."""
        return digest("profile/v1", self)
