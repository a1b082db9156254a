"""llama.cpp behind two classes: `Model` (weights and vocabulary) and `Context` (a `Decoder`).

Every numerics switch of `console.verification.profiles` is set here and nowhere else.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

# ggml reads it once, at the first product: tiled.cpp makes a product's rounding depend on the batch's size.
os.environ["GGML_CPU_TILED_MM"] = "0"

import llama_cpp

from console.engine.numerics import EXACT, Numerics
from console.engine.port import ModelFacts
from console.engine.process import sampled
from console.engine.process.batch import Batch
from console.engine.process.compiled import LEFT, NO_LOGITS, Functions, compiled, is_laid_out_alike
from console.engine.process.decoding import DecodeError, Row
from console.engine.process.devices import accelerator
from console.engine.process.sampled import Chosen
from console.verification.profiles import Profile
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


class LoadError(Exception):
    """llama.cpp gave no model or no context; why stands in its log."""


class Model:
    """Weights, mapped from their file, and the vocabulary. Reading the vocabulary is safe from any thread."""

    def __init__(self, path: Path, gpu_layers: int, numerics: Numerics = EXACT) -> None:
        """Raises LoadError."""
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP
        params.use_extra_bufts = numerics.extra_buffers
        self.gpu_layers = gpu_layers
        self.handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise LoadError("no model")
        self.vocab = llama_cpp.llama_model_get_vocab(self.handle)
        self.vocabulary_size = int(llama_cpp.llama_vocab_n_tokens(self.vocab))

    def facts(self, path: Path, context: int) -> ModelFacts:
        """What the file says of itself; `context`: what is in use here."""
        return ModelFacts(
            name=_printable(self.metadata("general.name")) or path.stem,
            architecture=_printable(self.metadata("general.architecture")),
            vocabulary=self.vocabulary_size,
            context=context,
            trained_context=self.trained_context,
            size_bytes=int(llama_cpp.llama_model_size(self.handle)),
            parameters=int(llama_cpp.llama_model_n_params(self.handle)),
        )

    @property
    def trained_context(self) -> int:
        """Tokens of context that the model was trained for."""
        return int(llama_cpp.llama_model_n_ctx_train(self.handle))

    @property
    def generates(self) -> bool:
        """Whether it is a text generator: some GGUF files hold encoders."""
        handle = self.handle
        return bool(llama_cpp.llama_model_has_decoder(handle)) and not bool(
            llama_cpp.llama_model_has_encoder(handle)
        )

    def metadata(self, key: str) -> str:
        """A value of the GGUF header as text, empty when there is none; at most 64 KiB."""
        buffer = ctypes.create_string_buffer(65536)
        n = llama_cpp.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if n > 0 else ""

    def chat_template(self) -> str:
        """The model's own Jinja template, empty when it has none."""
        raw = llama_cpp.llama_model_chat_template(self.handle, None)
        return raw.decode("utf-8", "replace") if raw else ""

    def tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        """Ids of `text`, without a begin token; `special`: control tokens in it count as such."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            buffer = (llama_cpp.llama_token * room)()
            n = int(llama_cpp.llama_tokenize(self.vocab, data, len(data), buffer, room, False, special))
            if n >= 0:
                return tuple(buffer[:n])
            room = -n

    def begin_ids(self) -> tuple[int, ...]:
        """What a plain text begins with: the begin token, or nothing."""
        wanted = bool(llama_cpp.llama_vocab_get_add_bos(self.vocab))
        return (int(llama_cpp.llama_vocab_bos(self.vocab)),) if wanted else ()

    def piece(self, token: int, special: bool = False) -> bytes:
        """The bytes that `token` stands for; a control token has some only when `special`."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            n = int(llama_cpp.llama_token_to_piece(self.vocab, token, buffer, size, 0, special))
            if n >= 0:
                return buffer.raw[:n]
            size = -n

    def pieces(self) -> tuple[bytes, ...]:
        """The whole table."""
        return tuple(self.piece(token) for token in range(self.vocabulary_size))

    def end_ids(self) -> tuple[int, ...]:
        """Tokens that end a generation."""
        is_end = llama_cpp.llama_vocab_is_eog
        return tuple(t for t in range(self.vocabulary_size) if is_end(self.vocab, t))

    def control_text(self, which: str) -> str:
        """Text of the `bos` or `eos` token, for chat templates; empty when the model has none."""
        find = {"bos": llama_cpp.llama_vocab_bos, "eos": llama_cpp.llama_vocab_eos}[which]
        token = int(find(self.vocab))
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def profile(self, self_test: bool) -> Profile:
        """The numerics of this build, machine and settings."""
        return Profile(
            build=f"llama-cpp-python {llama_cpp.__version__}",
            system=llama_cpp.llama_print_system_info().decode("ascii", "replace").strip(" |"),
            device=accelerator(self.gpu_layers),
            self_test=self_test,
        )


def _printable(text: str) -> str:
    """A header's string is hostile: no control characters, and short."""
    return "".join(c for c in text if c.isprintable())[:128]


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
