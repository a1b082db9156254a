"""Ed25519 identities (RFC 8032). The public key in hex is the node's id."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from console.protocol.ids import NodeId


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


def verify(node_id: str, message: bytes, signature: str) -> bool:
    """Whether `signature` (hex) of `message` was made with the key behind `node_id`; never raises."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(node_id))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
