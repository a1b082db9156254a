"""Identities in the notation of NATS: an nkey is a kind, a key and a checksum in base32.

The same Ed25519 key is a node's identity and its user at a NATS server, so nobody has to be registered twice.
"""

from __future__ import annotations

import base64
import binascii

from console.protocol.ids import NodeId

_SEED, _USER, _ACCOUNT = 18 << 3, 20 << 3, 0


def user_nkey(node: NodeId) -> str:
    """The public nkey, `U…`, of an identity. Raises ValueError when `node` is no id."""
    return _written(bytes([_USER]), bytes.fromhex(node))


def node_of(nkey: str) -> NodeId:
    """The identity behind a user's public nkey. Raises ValueError when it is not one, or damaged."""
    try:
        raw = base64.b32decode(nkey.encode("ascii"))
    except ValueError:
        raw = b""
    checksum = binascii.crc_hqx(raw[:33], 0).to_bytes(2, "little")
    if len(raw) != 35 or raw[0] != _USER or raw[33:] != checksum:
        raise ValueError("this is no public nkey of a user, or a damaged one")
    return NodeId(raw[1:33].hex())


def account_nkey(public: NodeId) -> str:
    """The public nkey, `A…`, of an account."""
    return _written(bytes([_ACCOUNT]), bytes.fromhex(public))


def user_seed_nkey(seed: bytes) -> str:
    """The secret nkey, `SU…`, of the 32 bytes of a private key."""
    return _written(bytes([_SEED | _USER >> 5, (_USER & 31) << 3]), seed)


def _written(prefix: bytes, key: bytes) -> str:
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    raw = prefix + key
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")
