"""A context of a model behind llama.cpp: the `Decoder` that computes.

Every numerics switch of `console.verification.profiles` is set here, but for extra buffers, which belong to
the weights and are set in `model`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# ggml reads it once, at the first product: tiled.cpp makes a product's rounding depend on the batch's size.
os.environ["GGML_CPU_TILED_MM"] = "0"

import llama_cpp

from console.engine.numerics import EXACT, Numerics
from console.engine.process import sampled
from console.engine.process.batch import Batch
from console.engine.process.compiled import LEFT, NO_LOGITS, Functions, compiled, is_laid_out_alike
from console.engine.process.decoding import DecodeError, Row
from console.engine.process.model import LoadError, Model
from console.engine.process.sampled import Chosen
from console.verification.rules import PLAIN
from console.verification.sampling import Place

BATCH_ROWS = 512
LOGITS_ROWS = 64
_TYPES = {"f16": 1, "bf16": 30}
_DECODE_AT, _LOGITS_AT = (
    ctypes.cast(function, ctypes.c_void_p).value or 0
    for function in (llama_cpp.llama_decode, llama_cpp.llama_get_logits)
)
_get_logits = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(_LOGITS_AT)
"""As a number: the package's own makes objects of a pointer."""
_NO_LOGITS = "llama.cpp gave no logits for rows that asked for them."


class Context:
    """A llama.cpp context under the exact profile. Not thread safe: one thread owns it."""

    def __init__(
        self, model: Model, tokens: int, threads: int, sequences: int = 1, numerics: Numerics = EXACT
    ) -> None:
        """`tokens`: context of each of `sequences`. Raises LoadError."""
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = tokens * sequences
        params.n_seq_max = sequences
        params.n_batch = BATCH_ROWS
        params.n_ubatch = min(numerics.rows, BATCH_ROWS)
        params.n_outputs_max = LOGITS_ROWS
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = int(numerics.flash_attention)
        params.type_k = _TYPES[numerics.k_type]
        params.type_v = _TYPES[numerics.v_type]
        params.kv_unified = False
        params.swa_full = True
        self._model = model
        self._handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise LoadError("no context")
        self._memory = llama_cpp.llama_get_memory(self._handle)
        self._batch = Batch(BATCH_ROWS)
        self._wanted = 0
        self._outputs: tuple[npt.NDArray[np.float32], ...] = ()
        """Views of one array by their rows; the same view for the same number: its address is known then."""
        self._outputs_at = 0
        self._quick = compiled() if is_laid_out_alike(llama_cpp.llama_batch) else None
        self._by = Functions(_DECODE_AT, _LOGITS_AT, self._handle, model.vocabulary_size)
        self._places: Sequence[Place] = ()
        """Of the last call."""
        self._decided = False
        """Whether it brought all of their choices along, and nothing is left to the definition."""

    @property
    def rows_limit(self) -> int:
        """Rows of one batch."""
        return BATCH_ROWS

    @property
    def logits_limit(self) -> int:
        """Rows of one batch that may want logits."""
        return LOGITS_ROWS

    def decode(self, rows: Sequence[Row], places: Sequence[Place] = ()) -> None:
        """One `llama_decode`, and the sampling of `places`; the GIL is free meanwhile. Raises DecodeError."""
        self._wanted, self._places = self._batch.fill(rows), places
        if places and self._quick is not None:
            plain = all(place.rules == PLAIN for place in places)
            status = self._quick.decode(self._by, self._batch.struct, places)
            self._decided = plain and status == 0
        else:
            status = int(llama_cpp.llama_decode(self._handle, self._batch.struct))
        if status not in (0, LEFT):
            raise DecodeError(_DECODE.get(status, f"llama.cpp could not compute a batch (status {status})."))

    def sample(self) -> list[Chosen | None]:
        """Of the last call's `places`. Raises DecodeError."""
        quick, places = self._quick, self._places
        if quick is None:
            return sampled.sample(self.outputs(), places)
        if self._decided:
            return quick.decided(len(places))
        return sampled.finished(quick.found(len(places)), places, self.outputs)

    @property
    def sampling_ns(self) -> int:
        """How long the last decode's own sampling took; 0: it had none."""
        return self._quick.sampling_ns if self._quick is not None and self._places else 0

    def outputs(self) -> npt.NDArray[np.float32]:
        """A view on llama.cpp's own memory. Raises DecodeError when it has none."""
        address = _get_logits(self._handle)
        if not address:
            raise DecodeError(_NO_LOGITS)
        if address != self._outputs_at:
            # As many rows as there can ever be; a view has those that the batch wanted.
            size = self._model.vocabulary_size
            pointer = ctypes.cast(address, ctypes.POINTER(ctypes.c_float))
            whole = np.ctypeslib.as_array(pointer, shape=(LOGITS_ROWS, size))
            self._outputs = tuple(whole[:rows] for rows in range(LOGITS_ROWS + 1))
            self._outputs_at = address
        return self._outputs[self._wanted]

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Empty the cache of `sequence` from position `start` on; False when the model cannot."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def copy(self, source: int, target: int) -> None:
        """Let `target` hold what `source` holds. Between streams llama.cpp copies all or aborts."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def close(self) -> None:
        """Give the memory back."""
        llama_cpp.llama_free(self._handle)


_DECODE = {
    NO_LOGITS: _NO_LOGITS,
    1: "The model's cache is full: the prompt and its answer do not fit its context.",
    2: "The computation was aborted.",
    -1: "llama.cpp refused a batch as invalid: a token id may be outside the vocabulary.",
}
