"""A model of random weights whose widths divide by 256, so that its K-quants are true ones.

    PYTHONPATH=script python -m benches.synthetic FROM.gguf DESTINATION.gguf [Q4_K_M …]

Real models small enough for a bench have widths that do not, and llama.cpp then falls back to other types.
Vocabulary and tokenizer are those of FROM; the text is nonsense, the arithmetic is the same as any model's.
"""

from __future__ import annotations

import argparse
import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from benches.rows import say
from console.engine.quantise import requantise
from console.models import read_gguf

_U32, _F32, _STRING, _ARRAY = 4, 6, 8, 9
_WIDTH = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_ALIGNMENT = 32
_GGML_F32, _GGML_F16 = 0, 1
SPREAD = 3.0
"""Standard deviation of the logits, about that of a real model's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a llama; all widths divide by 256."""

    width: int = 512
    inner: int = 1536
    layers: int = 6
    heads: int = 8
    kv_heads: int = 4
    context: int = 8192


SMALL = Shape()
LARGE = Shape(width=1024, inner=2816, layers=10, heads=16, kv_heads=4)


def true_k_quants(source: Path, folder: Path, kind: str = "Q4_K_M", shape: Shape = SMALL) -> Path:
    """The synthetic model as `kind`, made when it is not there; its tensor types are looked at.

    Raises:
        RuntimeError: llama.cpp fell back to other types after all.
        EngineError: it could not be quantised.
    """
    plain = folder / f"synthetic-{shape.width}x{shape.layers}-F16.gguf"
    wanted = plain.with_name(plain.name.replace("F16", kind))
    if not wanted.exists():
        if not plain.exists():
            say(f"writing a model of random weights, {shape.width} wide, {shape.layers} layers")
            write_model(source, plain, shape)
        asyncio.run(requantise(plain, wanted, kind))
    types = set(read_gguf(wanted).tensor_types)
    if kind == "Q4_K_M" and not {"Q4_K", "Q6_K"} <= types <= {"Q4_K", "Q6_K", "F32"}:
        raise RuntimeError(f"{wanted.name} is no true Q4_K_M: it holds {', '.join(sorted(types))}")
    return wanted


def write_model(source: Path, destination: Path, shape: Shape, seed: int = 1) -> None:
    """A GGUF file of 16-bit random weights with the tokenizer of `source`. Raises OSError."""
    rng = np.random.default_rng(seed)
    tokenizer = list(_tokenizer(source))
    vocabulary = read_gguf(source).vocabulary
    pairs = [*_metadata(shape), *tokenizer]
    tensors = list(_tensors(shape, vocabulary))
    part = destination.with_suffix(".part")
    with part.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs))
        offset = 0
        for name, dimensions, _ in tensors:
            kind = _GGML_F32 if len(dimensions) == 1 else _GGML_F16
            file.write(_text(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions))
            file.write(struct.pack("<IQ", kind, offset))
            offset += _padded(int(np.prod(dimensions)) * (4 if kind == _GGML_F32 else 2))
        _pad(file)
        for _, dimensions, deviation in tensors:
            if len(dimensions) == 1:
                file.write(np.ones(dimensions[0], dtype=np.float32).tobytes())
            else:
                weights = rng.standard_normal(dimensions[::-1], dtype=np.float32) * np.float32(deviation)
                file.write(weights.astype(np.float16).tobytes())
            _pad(file)
    part.replace(destination)


def _tensors(shape: Shape, vocabulary: int) -> Iterator[tuple[str, tuple[int, ...], float]]:
    """Name, dimensions (the fastest first) and standard deviation of the weights."""
    width, inner, kv = shape.width, shape.inner, shape.width // shape.heads * shape.kv_heads
    yield "token_embd.weight", (width, vocabulary), SPREAD / width**0.5
    yield "output_norm.weight", (width,), 1.0
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", (width,), 1.0
        yield block + "attn_q.weight", (width, width), 1.5 / width**0.5
        yield block + "attn_k.weight", (width, kv), 1.5 / width**0.5
        yield block + "attn_v.weight", (width, kv), 1 / width**0.5
        yield block + "attn_output.weight", (width, width), 1 / width**0.5
        yield block + "ffn_norm.weight", (width,), 1.0
        yield block + "ffn_gate.weight", (width, inner), 1 / width**0.5
        yield block + "ffn_up.weight", (width, inner), 1 / width**0.5
        yield block + "ffn_down.weight", (inner, width), 1 / inner**0.5


def _metadata(shape: Shape) -> Iterator[bytes]:
    yield _text("general.architecture") + struct.pack("<I", _STRING) + _text("llama")
    yield _text("general.name") + struct.pack("<I", _STRING) + _text("Synthetic, random weights")
    numbers = {
        "context_length": shape.context,
        "embedding_length": shape.width,
        "feed_forward_length": shape.inner,
        "block_count": shape.layers,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "rope.dimension_count": shape.width // shape.heads,
    }
    for name, number in numbers.items():
        yield _text(f"llama.{name}") + struct.pack("<II", _U32, number)
    for name, figure in {"rope.freq_base": 10000.0, "attention.layer_norm_rms_epsilon": 1e-5}.items():
        yield _text(f"llama.{name}") + struct.pack("<If", _F32, figure)


def _tokenizer(source: Path) -> Iterator[bytes]:
    """The pairs of a file's header that describe its vocabulary, as they stand there."""
    data = source.read_bytes()[: read_gguf(source).data_offset]
    (count,) = struct.unpack_from("<Q", data, 16)
    place = 24
    for _ in range(count):
        start = place
        (length,) = struct.unpack_from("<Q", data, place)
        key = data[place + 8 : place + 8 + length]
        place += 8 + length
        (kind,) = struct.unpack_from("<I", data, place)
        place = _after(data, place + 4, kind)
        if key.startswith(b"tokenizer."):
            yield data[start:place]


def _after(data: bytes, place: int, kind: int) -> int:
    """Where the value that begins at `place` ends."""
    if kind == _STRING:
        (length,) = struct.unpack_from("<Q", data, place)
        return place + 8 + int(length)
    if kind == _ARRAY:
        inner, count = struct.unpack_from("<IQ", data, place)
        place += 12
        if inner != _STRING:
            return place + int(count) * _WIDTH[inner]
        for _ in range(count):
            place = _after(data, place, _STRING)
        return place
    return place + _WIDTH[kind]


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _pad(file: BinaryIO) -> None:
    file.write(bytes(_padded(file.tell()) - file.tell()))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write a synthetic model with true K-quants.")
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", nargs="?", default="Q4_K_M")
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args()
    print(true_k_quants(given.source, given.folder, given.kind, LARGE if given.large else SMALL))


if __name__ == "__main__":
    main()
