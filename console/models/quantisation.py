"""What a model's tensor types mean: the name of its quantisation, and whether recompute can be exact."""

from __future__ import annotations

from collections.abc import Iterable

from console.models.gguf import GgufInfo

EXACT_TYPES = frozenset(
    ("F32", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS")
)
"""Tensor types with which our engine's profile gives the same logits in every batch (DESIGN §5).

Measured on synthetic models whose widths are multiples of 256, batches of 1 to 200 rows, with llama.cpp's
tiled products and repacking off; Q4_1, Q5_0 and Q5_1 follow from the same code and were measured within
real files. F32 is what norms are kept in. F16, BF16 and IQ4_NL were measured and are not exact. A type that
nobody measured is not on the list; and whatever the list says, the engine's self-test has the last word.
"""

_FILE_TYPES = {
    10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 21: "Q2_K_S", 22: "IQ3_XS", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
}  # fmt: skip
"""llama.cpp's `llama_ftype` where a mix has a name of its own."""


def quantisation(info: GgufInfo) -> str:
    """What the file's mix of types is called: `Q4_1`, `Q4_K_M`.

    The type of most tensors decides; the mix that the file claims to be is believed only where it agrees.
    """
    weights = {name: count for name, count in info.tensor_types.items() if name != "F32"}
    if not weights:
        return "F32" if info.tensor_types else ""
    most = max(weights, key=lambda name: weights[name])
    claimed = _FILE_TYPES.get(info.file_type, "")
    return claimed if claimed.startswith(most) else most


def inexact(tensor_types: Iterable[str]) -> tuple[str, ...]:
    """Those of `tensor_types` that are not on the exact list; none: recompute can be exact."""
    return tuple(sorted(set(tensor_types) - EXACT_TYPES))
