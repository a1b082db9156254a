"""The metadata of a GGUF file: its keys with their typed values, and what stands under a key."""

from __future__ import annotations

import struct

import msgspec

from console.models.errors import plain
from console.models.gguf_reader import Cursor, GgufLimits, malformed, over_limit

KEPT_ARRAY_ITEMS = 512
"""Number arrays up to this length are kept (heads per layer); of longer ones only the length."""

_SCALARS: dict[int, struct.Struct] = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_STRING, _ARRAY = 8, 9


class ArrayValue(msgspec.Struct, frozen=True):
    """An array in the metadata: its length, and its numbers when they are few."""

    count: int
    numbers: tuple[int | float, ...] = ()


Value = int | float | bool | str | ArrayValue
Metadata = dict[str, Value]


def read_metadata(cursor: Cursor, count: int, limits: GgufLimits) -> Metadata:
    """The next `count` keys.

    Raises:
        GgufError: a key stands twice, a value is of no type that there is, or there is more than `limits`.
    """
    metadata: Metadata = {}
    for _ in range(count):
        key = cursor.string(limits.key_bytes)
        if key in metadata:
            raise malformed(f"the key {plain(key)!r} appears twice")
        metadata[key] = _value(cursor, cursor.u32(), limits)
    return metadata


def _value(cursor: Cursor, kind: int, limits: GgufLimits) -> Value:
    if kind == _STRING:
        return cursor.string(limits.string_bytes)
    if kind == _ARRAY:
        return _array(cursor)
    layout = _SCALARS.get(kind)
    if layout is None:
        raise malformed(f"value type {kind} does not exist")
    return cursor.scalar(layout)


def _array(cursor: Cursor) -> ArrayValue:
    kind, count = cursor.u32(), cursor.u64()
    if kind == _STRING:
        cursor.skip_strings(count)
        return ArrayValue(count)
    layout = _SCALARS.get(kind)
    if layout is None:  # arrays in arrays too: llama.cpp refuses them as well
        raise malformed(f"array type {kind} does not exist")
    return ArrayValue(count, _numbers(cursor, layout, count))


def _numbers(cursor: Cursor, layout: struct.Struct, count: int) -> tuple[int | float, ...]:
    if count > KEPT_ARRAY_ITEMS:
        cursor.need(count * layout.size)
        return ()
    return tuple(cursor.scalar(layout) for _ in range(count))


def alignment_of(metadata: Metadata, limits: GgufLimits) -> int:
    """Bytes that tensors are aligned to. Raises GgufError: no power of two, or beyond `limits`."""
    value = metadata.get("general.alignment", 32)
    if not isinstance(value, int) or value < 1 or value & (value - 1):
        raise malformed("general.alignment is not a power of two")
    if value > limits.alignment:
        raise over_limit("bytes of alignment", value, limits.alignment)
    return value


def text_under(key: str, metadata: Metadata) -> str:
    """A text; empty where there is none."""
    value = metadata.get(key, "")
    return value if isinstance(value, str) else ""


def number_under(key: str, metadata: Metadata, default: int) -> int:
    """An integer, or the largest of an array that gives one for each layer.

    Raises:
        GgufError: no whole number, below 0, or of more than 32 bits.
    """
    value = metadata.get(key, default)
    if isinstance(value, ArrayValue):
        value = max((n for n in value.numbers if isinstance(n, int)), default=default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise malformed(f"{plain(key)!r} is not a whole number")
    if not 0 <= value < 1 << 32:
        raise over_limit(f"as {plain(key)}", value, (1 << 32) - 1)
    return value
