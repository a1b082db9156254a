"""Signatures that cost a hash: valid exactly where their key's owner made them.

Ed25519 itself takes more time than everything else in a history and has tests of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from cryptography.exceptions import InvalidSignature

from console.protocol import keys
from console.protocol.keys import SigningKey

_made: set[tuple[bytes, bytes, bytes]] = set()


class CheapKey(SigningKey):
    """A real identity (evidence is sealed to it) that signs cheaply."""

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self._public = bytes.fromhex(self.node_id)
        self._secret = seed

    def sign(self, message: bytes) -> str:
        """Signature of `message`, 128 hex digits."""
        signature = hashlib.sha512(self._secret + message).digest()
        _made.add((self._public, signature, message))
        return signature.hex()


@cache
def key_of(name: str) -> CheapKey:
    """The key of that name; the same in every history."""
    return CheapKey(hashlib.sha256(f"key of {name}".encode()).digest())


class _Public:
    """Stands for `Ed25519PublicKey` where signatures are checked."""

    def __init__(self, public: bytes) -> None:
        self._public = public

    @classmethod
    def from_public_bytes(cls, public: bytes) -> _Public:
        """A key to check with."""
        return cls(public)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise InvalidSignature unless the key's owner made it."""
        if (self._public, signature, message) not in _made:
            raise InvalidSignature


@contextmanager
def cheap_signatures() -> Iterator[None]:
    """While one history runs."""
    real = keys.Ed25519PublicKey
    keys.Ed25519PublicKey = _Public  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        keys.Ed25519PublicKey = real  # type: ignore[misc]
        _made.clear()
