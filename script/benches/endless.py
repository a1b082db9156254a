"""A copy of a model that knows no end token, so that every side of a comparison generates as many tokens.

The names by which llama.cpp recognises ends are respelled in the copy's header, and its end token is one that
text never holds. Weights, and so the speed, are the same bytes.
"""

from __future__ import annotations

import struct
from pathlib import Path

_RESPELLED = ((b"<|im_end|>", b"<|im_enx|>"), (b"<|endoftext|>", b"<|endoftexx|>"))
_END_KEY = b"tokenizer.ggml.eos_token_id"
_UINT32 = 4
_NEVER_SAID = 16
"""`<empty_output>` of SmolLM2's vocabulary."""
_HEADER_BYTES = 8 << 20


def endless(model: Path, folder: Path) -> Path:
    """The copy, made once in `folder`. Raises ValueError for a file of another kind."""
    copy = folder / f"{model.stem}-endless.gguf"
    if copy.exists() and copy.stat().st_size == model.stat().st_size:
        return copy
    data = model.read_bytes()
    header, rest = data[:_HEADER_BYTES], data[_HEADER_BYTES:]
    for old, new in _RESPELLED:
        header = header.replace(struct.pack("<Q", len(old)) + old, struct.pack("<Q", len(new)) + new)
    at = header.find(_END_KEY)
    kind_at = at + len(_END_KEY)
    if at < 0 or struct.unpack_from("<I", header, kind_at)[0] != _UINT32:
        raise ValueError(f"{model.name} has no end token where one was looked for")
    changed = bytearray(header)
    struct.pack_into("<I", changed, kind_at + 4, _NEVER_SAID)
    part = copy.with_suffix(".part")
    part.write_bytes(bytes(changed) + rest)
    part.replace(copy)
    return copy
