"""The tensor table of a GGUF file: what the tensors are and where the file must end."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from console.models.errors import plain
from console.models.gguf_reader import Cursor, GgufLimits, malformed
from console.models.tensor_types import TENSOR_TYPES

MAX_DIMENSIONS = 4
MAX_NAME_BYTES = 63
"""ggml keeps names in 64 bytes, the final NUL included."""
MAX_ELEMENTS = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class TensorTable:
    """Totals over the tensors. `data_offset` and `end` are bytes from the file's start."""

    count: int
    parameters: int
    types: dict[str, int]
    alignment: int
    data_offset: int
    end: int


def read_tensors(cursor: Cursor, count: int, alignment: int, limits: GgufLimits) -> TensorTable:
    """Read `count` rows and check that the tensors lie one after the other, as llama.cpp demands.

    Raises:
        GgufError: a row contradicts the format or the rows before it.
    """
    names: set[str] = set()
    types: Counter[str] = Counter()
    parameters = filled = end = 0
    for _ in range(count):
        name = cursor.string(MAX_NAME_BYTES)
        if name in names:
            raise malformed(f"the tensor {plain(name)!r} appears twice")
        names.add(name)
        elements, kind, size = _shape(cursor, name)
        if cursor.u64() != filled:
            raise malformed(f"the tensor {plain(name)!r} is not where the one before it ends")
        types[kind] += 1
        parameters += elements
        end = filled + size
        filled = _padded(end, alignment)
    data_offset = _padded(cursor.pos, alignment)
    return TensorTable(
        count=count,
        parameters=parameters,
        types=dict(sorted(types.items())),
        alignment=alignment,
        data_offset=data_offset,
        end=data_offset + end,
    )


def _shape(cursor: Cursor, name: str) -> tuple[int, str, int]:
    """Number of elements, type name and size in bytes of the next row's tensor."""
    dimensions = cursor.u32()
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise malformed(f"the tensor {plain(name)!r} has {dimensions} dimensions")
    shape = [cursor.u64() for _ in range(dimensions)]
    elements = math.prod(shape)
    if not 0 < elements <= MAX_ELEMENTS:
        raise malformed(f"the tensor {plain(name)!r} has an impossible shape")
    kind = cursor.u32()
    found = TENSOR_TYPES.get(kind)
    if found is None:
        raise malformed(f"the tensor {plain(name)!r} is of the unknown type {kind}")
    if shape[0] % found.block:
        raise malformed(f"the rows of tensor {plain(name)!r} do not fill blocks of {found.block}")
    return elements, found.name, elements // found.block * found.block_bytes


def _padded(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
