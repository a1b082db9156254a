"""`sampling.c`, compiled when Quarterdeck was installed: what `console.verification` defines, without numpy.

Where there was no compiler, or the library is of another version, numpy does the same work.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from console.protocol.types import TOP_K
from console.verification.noise import position_key
from console.verification.sampling import PAIR, POSITION_BYTES, Candidates, Place, per_step

SOURCE = Path(__file__).with_name("sampling.c")
LIBRARY = SOURCE.with_suffix(".dll" if sys.platform == "win32" else ".so")
ROWS = 64
"""Rows of one call at most."""
_FUNCTION = "sample_rows_1"
_LEFT = -1

Logits = npt.NDArray[np.float32]


class Compiled:
    """The library and room for its answers. One thread uses it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when it cannot be loaded, AttributeError when it is of another version."""
        # PyDLL keeps the interpreter's lock: the call takes less time than getting the lock back may.
        self._call = getattr(ctypes.PyDLL(str(path)), _FUNCTION)
        self._call.restype = None
        self._call.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, *[ctypes.c_void_p] * 4]
        self._keys = (ctypes.c_uint64 * ROWS)()
        self._scales = (ctypes.c_double * ROWS)()
        out = (ctypes.c_ubyte * (ROWS * POSITION_BYTES))()
        self._tokens = (ctypes.c_int32 * ROWS)()
        self._places = ctypes.addressof(self._keys), ctypes.addressof(self._scales)
        self._answers = ctypes.addressof(out), ctypes.addressof(self._tokens)
        self._candidates = memoryview(out).cast("B")
        self._logits: Logits | None = None
        self._logits_at = 0

    def takes(self, logits: Logits) -> bool:
        """Whether these rows are laid out as the library wants them."""
        return logits.shape[0] <= ROWS and logits.flags.c_contiguous and logits.dtype == np.float32

    def sample(self, logits: Logits, places: Sequence[Place]) -> list[tuple[int, bytes] | None]:
        """Token and committed candidates of each row; None where the definition has to decide."""
        for row, place in enumerate(places):
            self._keys[row] = position_key(place.seed, place.position)
            self._scales[row] = per_step(place.temperature_milli) if place.temperature_milli else 0.0
        rows, size = logits.shape
        self._call(self._address(logits), rows, size, *self._places, *self._answers)
        tokens, data = self._tokens[:rows], self._candidates[: rows * POSITION_BYTES].tobytes()
        return [
            None if token == _LEFT else (token, data[row * POSITION_BYTES : (row + 1) * POSITION_BYTES])
            for row, token in enumerate(tokens)
        ]

    def cut(self, logits: Logits) -> Candidates | None:
        """Candidates of all rows, shape (rows, 40); None where the definition has to decide one of them."""
        rows, size = logits.shape
        self._call(self._address(logits), rows, size, None, None, *self._answers)
        if _LEFT in self._tokens[:rows]:
            return None
        data = bytearray(self._candidates[: rows * POSITION_BYTES])
        return np.frombuffer(data, dtype=PAIR).reshape(rows, TOP_K)

    def _address(self, logits: Logits) -> int:
        """Asking numpy for it costs as much as a row's cut, and the decoder gives the same array again."""
        if logits is not self._logits:
            self._logits, self._logits_at = logits, int(logits.ctypes.data)
        return self._logits_at


@cache
def compiled() -> Compiled | None:
    """The library, when there is one that fits; one for the process, for the thread that decodes."""
    try:
        return Compiled(LIBRARY)
    except (OSError, AttributeError):
        return None
