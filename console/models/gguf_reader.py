"""A cursor over a file that nobody vouches for.

The file is read in chunks as it is needed, never mapped (a mapped file that another process cuts short kills
the reader) and never allocated for: a length is compared with what the file can hold and with the limits
before a byte is fetched for it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from console.models.errors import GgufError

CHUNK_BYTES = 1 << 20
KEPT_STRING_BYTES = 512
"""Of a longer string only the beginning is kept: names are short, of templates only the presence counts."""

_U64 = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class GgufLimits:
    """The most that a header may ask for; a real model of any size stays far below."""

    metadata_bytes: int = 64 << 20
    """Header: metadata and tensor table together (a vocabulary of 262,144 tokens takes about 15 MB)."""
    keys: int = 4096
    tensors: int = 65_536
    key_bytes: int = 1024
    string_bytes: int = 1 << 20
    """One string, such as a chat template or a token."""
    array_strings: int = 4_000_000
    """Strings of all arrays together: they are walked one by one."""
    alignment: int = 1 << 20
    """Bytes to which tensor data is aligned; 32 is usual."""


DEFAULT_LIMITS = GgufLimits()


def over_limit(what: str, asked: int, limit: int) -> GgufError:
    """The error for a header that asks for more than a limit allows."""
    return GgufError(
        "over_limit",
        f"The header declares {asked:,} {what}; at most {limit:,} are accepted.",
        "The file is damaged or made to harm: get it again from a source you trust.",
    )


def malformed(what: str) -> GgufError:
    """The error for a header that contradicts itself."""
    return GgufError(
        "malformed",
        f"The GGUF header is not valid: {what}.",
        "The file is damaged: get it again and compare its SHA-256.",
    )


def truncated(needed: int, size: int) -> GgufError:
    """The error for a file that ends early; both in bytes."""
    return GgufError(
        "truncated",
        f"The file ends early: it is {size:,} bytes and must be at least {needed:,}.",
        "A download was cut off: get the file again.",
    )


class Cursor:
    """Reads little-endian values forward from `file`, at most `limits.metadata_bytes` of it."""

    def __init__(self, file: BinaryIO, size: int, limits: GgufLimits) -> None:
        self.pos = 0
        self.size = size
        self._file = file
        self._limits = limits
        self._buffer = bytearray()
        self._strings_left = limits.array_strings

    def need(self, count: int) -> int:
        """Make the next `count` bytes available, move past them, and return where they start."""
        start = self.pos
        end = start + count
        if end > len(self._buffer):
            self._fill(end)
        self.pos = end
        return start

    def _fill(self, end: int) -> None:
        if end > self.size:
            raise truncated(end, self.size)
        if end > self._limits.metadata_bytes:
            raise over_limit("bytes of metadata", end, self._limits.metadata_bytes)
        while len(self._buffer) < end:
            room = self._limits.metadata_bytes - len(self._buffer)
            chunk = self._file.read(min(CHUNK_BYTES, room))
            if not chunk:
                raise truncated(end, len(self._buffer))
            self._buffer += chunk

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.need(count)
        return bytes(self._buffer[start : start + count])

    def scalar(self, layout: struct.Struct) -> int | float | bool:
        """The next value in `layout`."""
        start = self.need(layout.size)
        value: int | float | bool = layout.unpack_from(self._buffer, start)[0]
        return value

    def u32(self) -> int:
        """The next unsigned 32-bit number."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """The next unsigned 64-bit number."""
        return int.from_bytes(self.take(8), "little")

    def string(self, limit: int) -> str:
        """The next string, its beginning if it is long; what is not UTF-8 becomes replacement characters."""
        length = self.u64()
        if length > limit:
            raise over_limit("bytes in one string", length, limit)
        start = self.need(length)
        kept = self._buffer[start : start + min(length, KEPT_STRING_BYTES)]
        return kept.decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        """Move past `count` strings without keeping them."""
        if count > self._strings_left:
            raise over_limit("strings in arrays", count, self._strings_left)
        self._strings_left -= count
        limit, unpack = self._limits.string_bytes, _U64.unpack_from
        for _ in range(count):
            (length,) = unpack(self._buffer, self.need(8))
            if length > limit:
                raise over_limit("bytes in one string", length, limit)
            self.need(length)
