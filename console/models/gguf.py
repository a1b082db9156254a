"""A GGUF file's header: what a model file says about itself, read as hostile input.

The layout is GGUF versions 2 and 3, little-endian: magic, version, tensor count, key count, keys with typed
values, the tensor table, padding, tensor data. Source: the format's specification in ggml's docs.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

import msgspec

from console.models.errors import GgufError, plain
from console.models.gguf_metadata import (
    ArrayValue,
    Metadata,
    alignment_of,
    number_under,
    read_metadata,
    text_under,
)
from console.models.gguf_reader import DEFAULT_LIMITS, Cursor, GgufLimits, malformed, over_limit, truncated
from console.models.gguf_tensors import TensorTable, read_tensors

MAGIC = b"GGUF"
VERSIONS = (2, 3)


class GgufInfo(msgspec.Struct, frozen=True):
    """What a GGUF file says about itself. Numbers the file does not give are 0. Text is safe to show."""

    version: int
    architecture: str
    name: str
    tensor_count: int
    parameter_count: int
    tensor_types: dict[str, int]
    """Type name to number of tensors: what decides whether recompute can be exact."""
    context_length: int
    """Tokens of context that the model was trained for."""
    embedding_length: int
    feed_forward_length: int
    layers: int
    heads: int
    kv_heads: int
    key_length: int
    """Numbers per head in the K cache."""
    value_length: int
    vocabulary: int
    tokenizer: str
    has_chat_template: bool
    file_bytes: int
    expected_bytes: int
    """Where the last tensor ends, by the tensor table; a shorter file is refused."""
    data_offset: int
    alignment: int
    file_type: int = -1
    """`general.file_type`, the mix of types that the file says it is; -1: it does not say."""


def read_gguf(path: Path, limits: GgufLimits = DEFAULT_LIMITS) -> GgufInfo:
    """Read the header of the GGUF file at `path`; the tensor data is not read.

    Raises:
        GgufError: not a GGUF, damaged, cut short, or asking for more than `limits`.
    """
    try:
        # Opening a pipe would wait for a writer for ever, hence O_NONBLOCK before the kind is known.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable(path, "it is not a regular file")
            return _parse(file, status.st_size, limits)
    except OSError as error:
        raise _unreadable(path, error.strerror or "the system refused") from error


def _unreadable(path: Path, why: str) -> GgufError:
    return GgufError(
        "unreadable",
        f"The model file {plain(str(path), 300)} cannot be read: {why}.",
        "Check the path, and that this user may read it.",
    )


def _parse(file: BinaryIO, size: int, limits: GgufLimits) -> GgufInfo:
    cursor = Cursor(file, size, limits)
    version = _version(cursor)
    tensor_count, key_count = cursor.u64(), cursor.u64()
    if tensor_count > limits.tensors:
        raise over_limit("tensors", tensor_count, limits.tensors)
    if key_count > limits.keys:
        raise over_limit("metadata keys", key_count, limits.keys)
    metadata = read_metadata(cursor, key_count, limits)
    table = read_tensors(cursor, tensor_count, alignment_of(metadata, limits), limits)
    if table.end > size:
        raise truncated(table.end, size)
    return _info(version, metadata, table, size)


def _version(cursor: Cursor) -> int:
    if cursor.size < 24 or cursor.take(4) != MAGIC:
        raise GgufError(
            "not_gguf",
            "The file is not a GGUF model: it does not start as one.",
            "Point to a .gguf file; other formats must be converted with llama.cpp first.",
        )
    version = cursor.u32()
    if version not in VERSIONS:
        raise GgufError(
            "not_gguf",
            f"GGUF version {version} is not supported; versions 2 and 3, little-endian, are.",
            "Get a newer file of the model, or convert it with llama.cpp.",
        )
    return version


def _info(version: int, metadata: Metadata, table: TensorTable, size: int) -> GgufInfo:
    architecture = text_under("general.architecture", metadata)
    if not architecture:
        raise malformed("it names no architecture")

    def number(key: str, default: int = 0) -> int:
        return number_under(f"{architecture}.{key}", metadata, default)

    heads = number("attention.head_count")
    head_length = number("embedding_length") // heads if heads else 0
    return GgufInfo(
        version=version,
        architecture=plain(architecture, 64),
        name=plain(text_under("general.name", metadata)),
        tensor_count=table.count,
        parameter_count=table.parameters,
        tensor_types=table.types,
        context_length=number("context_length"),
        embedding_length=number("embedding_length"),
        feed_forward_length=number("feed_forward_length"),
        layers=number("block_count"),
        heads=heads,
        kv_heads=number("attention.head_count_kv", heads),
        key_length=number("attention.key_length", head_length),
        value_length=number("attention.value_length", head_length),
        vocabulary=_vocabulary(metadata, architecture),
        tokenizer=plain(text_under("tokenizer.ggml.model", metadata), 64),
        has_chat_template=bool(text_under("tokenizer.chat_template", metadata)),
        file_bytes=size,
        expected_bytes=table.end,
        data_offset=table.data_offset,
        alignment=table.alignment,
        file_type=_file_type(metadata),
    )


def _file_type(metadata: Metadata) -> int:
    """Only a hint for people, so that nonsense is passed over."""
    value = metadata.get("general.file_type")
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _vocabulary(metadata: Metadata, architecture: str) -> int:
    tokens = metadata.get("tokenizer.ggml.tokens")
    if isinstance(tokens, ArrayValue):
        return tokens.count
    return number_under(f"{architecture}.vocab_size", metadata, 0)
