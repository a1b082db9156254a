"""A `llama_batch` whose columns are numpy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from console.engine.process.decoding import Row


class Batch:
    """A `llama_batch` in memory of numpy, so that a whole column is filled in one operation."""

    def __init__(self, size: int) -> None:
        """`size`: rows that it can hold."""
        self._tokens = np.zeros(size, dtype=np.int32)
        self._positions = np.zeros(size, dtype=np.int32)
        self._sequences = np.zeros(size, dtype=np.int32)
        self._wants = np.zeros(size, dtype=np.int8)
        self._counts = np.ones(size, dtype=np.int32)
        first = self._sequences.ctypes.data
        self._pointers = (ctypes.POINTER(llama_cpp.llama_seq_id) * (size + 1))()
        for place in range(size):
            at = ctypes.c_void_p(first + place * self._sequences.itemsize)
            self._pointers[place] = ctypes.cast(at, ctypes.POINTER(llama_cpp.llama_seq_id))
        self.struct: Any = llama_cpp.llama_batch()
        self.struct.token = _pointer(self._tokens, llama_cpp.llama_token)
        self.struct.pos = _pointer(self._positions, llama_cpp.llama_pos)
        self.struct.n_seq_id = _pointer(self._counts, ctypes.c_int32)
        self.struct.seq_id = ctypes.cast(
            self._pointers, ctypes.POINTER(ctypes.POINTER(llama_cpp.llama_seq_id))
        )
        self.struct.logits = _pointer(self._wants, ctypes.c_int8)

    def fill(self, rows: Sequence[Row]) -> int:
        """Write `rows`; how many of them want logits."""
        count = len(rows)
        tokens, positions, sequences, wants = zip(*rows, strict=True)
        self._tokens[:count] = tokens
        self._positions[:count] = positions
        self._sequences[:count] = sequences
        self._wants[:count] = wants
        self.struct.n_tokens = count
        return sum(wants)


def _pointer(array: npt.NDArray[Any], kind: Any) -> Any:
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))
