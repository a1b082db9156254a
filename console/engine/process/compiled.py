"""`sampling.c`, compiled when Quarterdeck was installed: what `console.verification` defines, without numpy.

Where there was no compiler, or the library is of another version, numpy does the same work.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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
_VERSION = 3
NO_LOGITS, LEFT = 1000, 1001
"""Status of a decode that gave no logits, and of one that left a row to the definition; llama.cpp has none so
high."""
_LEFT = -1

Logits = npt.NDArray[np.float32]


class _Batch(ctypes.Structure):
    """`Batch` of sampling.c."""

    _fields_ = (
        ("n_tokens", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in ("token", "embd", "pos", "n_seq_id", "seq_id", "logits")),
    )


class _Call(ctypes.Structure):
    """`Call` of sampling.c."""

    _fields_ = (
        ("decode", ctypes.c_void_p),
        ("get", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("batch", ctypes.c_void_p),
        ("status", ctypes.c_int64),
        ("sampling_ns", ctypes.c_int64),
        ("logits", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("size", ctypes.c_int64),
        ("keys", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("out", ctypes.c_void_p),
        ("tokens", ctypes.c_void_p),
    )


def is_laid_out_alike(batch: type[ctypes.Structure]) -> bool:
    """Whether llama.cpp's batch is what sampling.c takes it for."""
    return _layout(batch) == _layout(_Batch)


def _layout(struct: type[ctypes.Structure]) -> list[tuple[str, int, int]]:
    names = [field[0] for field in struct._fields_]
    return [(name, getattr(struct, name).offset, getattr(struct, name).size) for name in names]


@dataclass(frozen=True, slots=True)
class Functions:
    """Addresses of llama.cpp's own, a context of it, and the row size of its logits."""

    decode: int
    get_logits: int
    context: int
    vocabulary: int


class Compiled:
    """The library and room for its answers. One thread uses it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when it cannot be loaded, AttributeError when it is of another version."""
        # PyDLL keeps the interpreter's lock: the call takes less time than getting the lock back may.
        library = ctypes.PyDLL(str(path))
        self._sample = getattr(library, f"sample_rows_{_VERSION}")
        self._cut = getattr(library, f"cut_rows_{_VERSION}")
        # A decode gives the lock up, and samples before it gets it back.
        self._decode = getattr(ctypes.CDLL(str(path)), f"decode_rows_{_VERSION}")
        for function in (self._sample, self._cut, self._decode):
            function.restype, function.argtypes = None, [ctypes.c_void_p]
        self._keys = (ctypes.c_uint64 * ROWS)()
        self._scales = (ctypes.c_double * ROWS)()
        self._tokens = (ctypes.c_int32 * ROWS)()
        out = (ctypes.c_ubyte * (ROWS * POSITION_BYTES))()
        self._candidates = memoryview(out).cast("B")
        address = ctypes.addressof
        answers = address(self._keys), address(self._scales), address(out), address(self._tokens)
        self._about = _Call(None, None, None, None, 0, 0, None, 0, 0, *answers)
        self._call = address(self._about)
        self._logits: Logits | None = None

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

    def decode(self, by: Functions, batch: ctypes.Structure, places: Sequence[Place]) -> int:
        """`llama_decode` of `batch`, and what `sample` does for its rows of logits, `places`.

        Returns llama.cpp's status, NO_LOGITS or LEFT. After 0 `decided` has the choices, after LEFT `found`.
        """
        self._prepare(places)
        about, self._logits = self._about, None
        about.decode, about.get, about.context = by.decode, by.get_logits, by.context
        about.batch, about.rows, about.size = ctypes.addressof(batch), len(places), by.vocabulary
        self._decode(self._call)
        status: int = about.status
        return status

    @property
    def sampling_ns(self) -> int:
        """How long the sampling of the last `decode` took."""
        return int(self._about.sampling_ns)

    def _prepare(self, places: Sequence[Place]) -> None:
        """What sampling needs of them, made before a decode: 2 µs a row there, 30 behind it."""
        for row, place in enumerate(places[:ROWS]):
            self._keys[row] = position_key(place.seed, place.position)
            self._scales[row] = per_step(place.temperature_milli) if place.temperature_milli else 0.0

    def sample(self, places: Sequence[Place]) -> list[tuple[int, bytes] | None]:
        """Token and committed candidates of each row; None where the definition has to decide."""
        self._prepare(places)
        self._sample(self._call)
        return self.found(len(places))

    def decided(self, rows: int) -> list[tuple[int, bytes] | None]:
        """`found` where every row was decided. One row is usual: what is not touched costs nothing."""
        if rows == 1:
            return [(self._tokens[0], self._candidates[:POSITION_BYTES].tobytes())]
        return self.found(rows)

    def found(self, rows: int) -> list[tuple[int, bytes] | None]:
        """What the last `sample` or `decode` gave for so many rows."""
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
