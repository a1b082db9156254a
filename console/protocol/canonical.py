"""Canonical bytes: one value has one byte string, so that hashes and signatures mean something.

A value is encoded as JSON with sorted keys and no white space (the RFC 8785 subset without floats: those
have many spellings, so signed messages carry integers only), after a domain tag that ends in NUL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="sorted")
_LEAVES = frozenset((str, int, bool, type(None)))
"""What most values consist of, and holds no float."""
_SEQUENCES = (list, tuple)


def canonical(tag: str, value: Any) -> bytes:
    """Bytes to hash or sign for `value`, under the domain `tag` such as `result/v1`.

    Raises:
        ValueError: the value holds a float, which has no canonical spelling here.
    """
    plain = msgspec.to_builtins(value)
    _refuse_floats((plain,))
    return b"quarterdeck/" + tag.encode() + b"\0" + _encoder.encode(plain)


def unsigned(message: msgspec.Struct) -> dict[str, object]:
    """The fields of `message` that its `signature` is over: all others. Raises KeyError where it has none."""
    fields: dict[str, object] = msgspec.to_builtins(message)
    del fields["signature"]
    return fields


def digest(tag: str, value: Any) -> str:
    """SHA-256 of the canonical bytes, 64 hex digits."""
    return hashlib.sha256(canonical(tag, value)).hexdigest()


def ids_digest(ids: tuple[int, ...]) -> str:
    """SHA-256 of token ids as big-endian 32-bit numbers, 64 hex digits."""
    return hashlib.sha256(b"".join(i.to_bytes(4, "big") for i in ids)).hexdigest()


def _refuse_floats(items: Iterable[Any]) -> None:
    for item in items:
        if type(item) in _LEAVES:
            continue
        if isinstance(item, float):
            raise ValueError("a float has no canonical bytes; give an integer with its unit in the name")
        if isinstance(item, dict):
            _refuse_floats(item.values())
        elif isinstance(item, _SEQUENCES):
            _refuse_floats(item)
