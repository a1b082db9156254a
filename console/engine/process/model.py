"""A model behind llama.cpp: its weights, mapped, and its vocabulary.

Of the numerics switches the one that belongs to weights is set here: extra buffers. See `context`.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import llama_cpp

from console.engine.numerics import EXACT, Numerics
from console.engine.port import ModelFacts
from console.engine.process.devices import accelerator
from console.verification.profiles import Profile


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
