"""Ed25519 identities (RFC 8032). The public key in hex is the node's id.

What only one party may read is sealed to the X25519 key that belongs to its identity: the same point on the
curve in Montgomery's form (RFC 7748 §4.1), so that an id is all that one needs to know of a party.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from console.protocol.ids import NodeId

_P = 2**255 - 19


class SigningKey:
    """A private key; `node_id` is its public half."""

    def __init__(self, seed: bytes) -> None:
        """`seed`: 32 secret random bytes. Raises ValueError for another length."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        self.node_id = NodeId(public.hex())

    def sign(self, message: bytes) -> str:
        """Signature of `message`, 128 hex digits."""
        return self._key.sign(message).hex()

    def seed(self) -> bytes:
        """The 32 secret bytes themselves, for what proves the same identity by a protocol of its own."""
        return self._key.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )

    def sealing_private(self) -> bytes:
        """The 32 secret bytes of the X25519 key that belongs to this identity."""
        return hashlib.sha512(self.seed()).digest()[:32]


def sealing_public(node_id: str) -> bytes:
    """The X25519 public key, 32 bytes, that belongs to an identity.

    Raises:
        ValueError: `node_id` is no point of the curve that has one.
    """
    y = int.from_bytes(bytes.fromhex(node_id), "little") & ((1 << 255) - 1)
    if len(node_id) != 64 or y >= _P or y == 1:
        raise ValueError("this id has no key to seal to")
    u = (1 + y) * pow(1 - y, -1, _P) % _P
    return u.to_bytes(32, "little")


def verify(node_id: str, message: bytes, signature: str) -> bool:
    """Whether `signature` (hex) of `message` was made with the key behind `node_id`; never raises."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(node_id))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
