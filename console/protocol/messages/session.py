"""How a session begins and ends: a challenge, what the node claims, and yes or no.

Each of the first three is signed; in them the two ends agree on the session's key (`session_key`).
"""

from __future__ import annotations

import msgspec

from console.protocol.ids import NodeId, SessionId
from console.protocol.statements import Stated
from console.protocol.types import Balances, ModelOffer, Policy

NAME_LIMIT = 64


class Challenge(msgspec.Struct, frozen=True, tag="challenge"):
    """First frame of a connection: a nonce good for one sign-in within 30 s."""

    nonce: str
    coordinator: NodeId
    network: str
    """Name of the network for people, e.g. `practice network`."""
    now_ms: int
    policy: Policy
    ephemeral: str = ""
    """The coordinator's half of the session's key, see `session_key`; empty: an older one, which signs."""


class SignIn(msgspec.Struct, frozen=True, tag="sign_in", omit_defaults=True):
    """The node's answer; `signature` is over `sign_in_bytes`."""

    nonce: str
    node: NodeId
    name: str
    software: str
    machine: str
    """Digest of stable machine facts, so that one machine under two ids can be found."""
    models: tuple[ModelOffer, ...]
    signature: str
    ephemeral: str = ""
    """The node's half of the session's key; empty: an older node, or an older coordinator."""


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """Sign-in succeeded."""

    session: SessionId
    epoch: int
    seeds_root: str
    """Commitment to this epoch's draw seeds."""
    balances: Balances
    accepted: int
    rejected: int
    stated: Stated | None = None
    """None: an older coordinator, which makes no statements."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The network says no, and the connection ends."""

    code: str
    sentence: str
    remedy: str
    until_ms: int = 0


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The node leaves on purpose; what it has not finished may be given to others at once."""

    reason: str
