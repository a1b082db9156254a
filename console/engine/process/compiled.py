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
_VERSION = 2
_LEFT = -1

Logits = npt.NDArray[np.float32]


class _Call(ctypes.Structure):
    """`Call` of sampling.c."""

    _fields_ = (
        ("logits", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("size", ctypes.c_int64),
        ("keys", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("out", ctypes.c_void_p),
        ("tokens", ctypes.c_void_p),
    )


class Compiled:
    """The library and room for its answers. One thread uses it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when it cannot be loaded, AttributeError when it is of another version."""
        # PyDLL keeps the interpreter's lock: the call takes less time than getting the lock back may.
        library = ctypes.PyDLL(str(path))
        self._sample = getattr(library, f"sample_rows_{_VERSION}")
        self._cut = getattr(library, f"cut_rows_{_VERSION}")
        for function in (self._sample, self._cut):
            function.restype, function.argtypes = None, [ctypes.c_void_p]
        self._keys = (ctypes.c_uint64 * ROWS)()
        self._scales = (ctypes.c_double * ROWS)()
        self._tokens = (ctypes.c_int32 * ROWS)()
        out = (ctypes.c_ubyte * (ROWS * POSITION_BYTES))()
        self._candidates = memoryview(out).cast("B")
        address = ctypes.addressof
        answers = address(self._keys), address(self._scales), address(out), address(self._tokens)
        self._about = _Call(None, 0, 0, *answers)
        self._call = address(self._about)
        self._logits: Logits | None = None
        self._prepared: Sequence[Place] | None = None

    def takes(self, logits: Logits) -> bool:
        """Whether these rows are laid out as the library wants them; then the next call is about them.

        Asking numpy costs as much as a row's cut, and the decoder gives the same array again and again.
        """
        if logits is self._logits:
            return True
        if logits.shape[0] > ROWS or not logits.flags.c_contiguous or logits.dtype != np.float32:
            return False
        about, self._logits = self._about, logits
        about.logits, (about.rows, about.size) = logits.ctypes.data, logits.shape
        return True

    def prepare(self, places: Sequence[Place]) -> None:
        """What `sample` needs of this very list, made before the decode: 2 µs a row there, 30 behind it."""
        for row, place in enumerate(places[:ROWS]):
            self._keys[row] = position_key(place.seed, place.position)
            self._scales[row] = per_step(place.temperature_milli) if place.temperature_milli else 0.0
        self._prepared = places

    def sample(self, places: Sequence[Place]) -> list[tuple[int, bytes] | None]:
        """Token and committed candidates of each row; None where the definition has to decide."""
        if places is not self._prepared:
            self.prepare(places)
        self._prepared = None
        self._sample(self._call)
        rows = len(places)
        data = self._candidates[: rows * POSITION_BYTES].tobytes()
        return [
            None if token == _LEFT else (token, data[row * POSITION_BYTES : (row + 1) * POSITION_BYTES])
            for row, token in enumerate(self._tokens[:rows])
        ]

    def cut(self) -> Candidates | None:
        """Candidates of all rows, shape (rows, 40); None where the definition has to decide one of them."""
        self._cut(self._call)
        rows = self._about.rows
        if _LEFT in self._tokens[:rows]:
            return None
        data = bytearray(self._candidates[: rows * POSITION_BYTES])
        return np.frombuffer(data, dtype=PAIR).reshape(rows, TOP_K)


@cache
def compiled() -> Compiled | None:
    """The library, when there is one that fits; one for the process, for the thread that decodes."""
    try:
        return Compiled(LIBRARY)
    except (OSError, AttributeError):
        return None
