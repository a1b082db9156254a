"""Sealing: results lie in the journal only under a key that is derived from the node's identity."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_NONCE_BYTES = 12


class Sealer:
    """ChaCha20-Poly1305 with a random nonce; the place in the journal is authenticated with it."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._cipher = ChaCha20Poly1305(key)

    def seal(self, plain: bytes, place: str) -> bytes:
        """`plain` sealed for `place`, such as `result/<job>/<attempt>`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes | None:
        """What was sealed; None when it was sealed by another key, for another place, or was changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except InvalidTag:
            return None
