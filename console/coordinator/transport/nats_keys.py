"""Who is who at the message server: every key comes from the coordinator's identity, and none is kept."""

from __future__ import annotations

import hashlib
import hmac

from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey
from console.protocol.nkeys import account_nkey, user_nkey

ACCOUNT = "QUARTERDECK"
"""Name of the account at the server that nodes and coordinators share."""


class NatsKeys:
    """The keys of one coordinator: its own user, the one that watches for disconnects, and the issuer."""

    def __init__(self, identity: bytes) -> None:
        """`identity`: the coordinator's 32 secret bytes."""
        self.user_seed = identity
        self.watcher_seed = _derived(identity, b"nats watcher/v1")
        self.issuer = SigningKey(_derived(identity, b"nats issuer/v1"))
        self.user = user_nkey(SigningKey(identity).node_id)
        self.watcher = user_nkey(SigningKey(self.watcher_seed).node_id)
        self.account = account_nkey(NodeId(self.issuer.node_id))


def _derived(identity: bytes, purpose: bytes) -> bytes:
    return hmac.digest(identity, purpose, hashlib.sha256)
