"""Who is who at the message server: every key comes from the coordinator's identity, and none is kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from console.coordinator.identity import secret_in
from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey
from console.protocol.nkeys import account_nkey, user_nkey

ACCOUNT = "QUARTERDECK"
"""Name of the account at the server that nodes and coordinators share."""
_LOST = "Copy it from another coordinator of the network, or configure its message servers anew."


class NatsKeys:
    """The keys of one coordinator: its own user, the one that watches for disconnects, and the issuer."""

    def __init__(self, identity: bytes, shared: bytes = b"") -> None:
        """`identity`: the coordinator's 32 secret bytes.

        `shared`: 32 that all coordinators of one network know, so that whichever is asked lets a node in;
        without them its servers are this coordinator's alone.
        """
        self.user_seed = identity
        self.watcher_seed = _derived(identity, b"nats watcher/v1")
        self.issuer = SigningKey(_derived(shared or identity, b"nats issuer/v1"))
        self.user = user_nkey(SigningKey(identity).node_id)
        self.watcher = user_nkey(SigningKey(self.watcher_seed).node_id)
        self.account = account_nkey(NodeId(self.issuer.node_id))


def shared_in(path: Path | None, entropy: Callable[[int], bytes] | None = None) -> bytes:
    """What the coordinators of a network share; empty for no file. `entropy`: makes it where it is not there.

    Raises:
        OSError: it cannot be read or written.
        ValueError: it is damaged, or not there and not to be made.
    """
    return b"" if path is None else secret_in(path, entropy, _LOST)


def _derived(identity: bytes, purpose: bytes) -> bytes:
    return hmac.digest(identity, purpose, hashlib.sha256)
