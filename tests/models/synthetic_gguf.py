"""Small GGUF files made to measure."""

from __future__ import annotations

import struct
from typing import Any

U32, F32, BOOL, STRING, ARRAY, U64 = 4, 6, 7, 8, 9, 10
Pair = tuple[str, int, Any]

METADATA: tuple[Pair, ...] = (
    ("general.architecture", STRING, "llama"),
    ("general.name", STRING, "Tiny"),
    ("llama.context_length", U32, 2048),
    ("llama.embedding_length", U32, 64),
    ("llama.feed_forward_length", U32, 128),
    ("llama.block_count", U32, 2),
    ("llama.attention.head_count", U32, 4),
    ("llama.attention.head_count_kv", U32, 2),
    ("llama.rope.freq_base", F32, 10000.0),
    ("tokenizer.ggml.model", STRING, "gpt2"),
    ("tokenizer.ggml.tokens", ARRAY, (STRING, ["a", "b", "ab"])),
    ("tokenizer.ggml.token_type", ARRAY, (U32, [1, 1, 1])),
    ("tokenizer.ggml.add_bos_token", BOOL, False),
    ("tokenizer.chat_template", STRING, "{{ messages }}"),
)
TENSORS: tuple[tuple[str, list[int], int], ...] = (
    ("token_embd.weight", [64, 3], 8),  # Q8_0: 6 blocks of 34 bytes
    ("blk.0.attn_norm.weight", [64], 0),  # F32: 256 bytes
    ("blk.0.ffn_up.weight", [64, 2], 3),  # Q4_1: 4 blocks of 20 bytes
)
SIZES = {8: (32, 34), 0: (1, 4), 3: (32, 20)}


def text(value: str | bytes) -> bytes:
    """A GGUF string."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def value(kind: int, content: Any) -> bytes:
    """A GGUF value without its type."""
    if kind == STRING:
        return text(content)
    if kind == ARRAY:
        inner, items = content
        return struct.pack("<IQ", inner, len(items)) + b"".join(value(inner, item) for item in items)
    return struct.pack({U32: "<I", F32: "<f", BOOL: "<?", U64: "<Q"}[kind], content)


def gguf(
    metadata: tuple[Pair, ...] = METADATA,
    tensors: tuple[tuple[str, list[int], int], ...] = TENSORS,
    version: int = 3,
    alignment: int = 32,
) -> bytes:
    """A whole file: header, tensor table, padding and zeros for data."""
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    out += b"".join(text(key) + struct.pack("<I", kind) + value(kind, item) for key, kind, item in metadata)
    offset, sizes = 0, []
    for name, shape, kind in tensors:
        out += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        out += struct.pack("<IQ", kind, offset)
        count = 1
        for n in shape:
            count *= n
        block, block_bytes = SIZES.get(kind, (1, 4))
        sizes.append(count // block * block_bytes)
        offset += padded(sizes[-1], alignment)
    out = out.ljust(padded(len(out), alignment), b"\0")
    for size in sizes[:-1]:
        out += bytes(padded(size, alignment))
    return out + bytes(sizes[-1] if sizes else 0)


def padded(size: int, alignment: int) -> int:
    """`size` rounded up to `alignment`."""
    return -(-size // alignment) * alignment
