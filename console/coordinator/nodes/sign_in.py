"""Signing in: a single-use challenge, a signature over every claim, and claims kept within bounds. Pure."""

from __future__ import annotations

import unicodedata

import msgspec

from console.protocol.frames import sign_in_bytes
from console.protocol.ids import NodeId, short
from console.protocol.keys import verify
from console.protocol.messages import NAME_LIMIT, Challenge, Refused, SignIn

_MODELS_LIMIT = 16
_CONTEXT_LIMIT = 1 << 24
_SPEED_LIMIT = 1 << 40


def check_sign_in(message: SignIn, challenge: Challenge, age_s: float, patience_s: float) -> Refused | None:
    """Why the sign-in is refused, or None. `age_s`: since the challenge was sent, good for `patience_s`."""
    if age_s > patience_s:
        return _refused("challenge_expired", f"The answer came after {patience_s:.0f} s.", "Sign in again.")
    if message.nonce != challenge.nonce:
        return _refused("challenge_wrong", "The answer is to another challenge.", "Sign in again.")
    if not verify(message.node, sign_in_bytes(message, challenge.coordinator), message.signature):
        return _refused(
            "signature_wrong",
            "The sign-in is not signed by the key that it names.",
            "Check that node and network run the same version of Quarterdeck.",
        )
    if message.node != message.node.lower() or len(message.node) != 64:
        return _refused("identity_malformed", "A node's id is 64 lower-case hex digits.", "Use your own id.")
    if not _bounded(message):
        return _refused(
            "claims_out_of_bounds",
            "The sign-in claims more models, or larger figures, than any node has.",
            "Check the node's configuration.",
        )
    return None


def cleaned(message: SignIn) -> SignIn:
    """The same with its strings fit for a screen: no control characters, bounded length."""
    return msgspec.structs.replace(
        message,
        name=clean(message.name, NAME_LIMIT) or short(message.node),
        software=clean(message.software, NAME_LIMIT),
        machine=clean(message.machine, 2 * NAME_LIMIT),
        models=tuple(
            msgspec.structs.replace(offer, name=clean(offer.name, NAME_LIMIT)) for offer in message.models
        ),
    )


def duplicate(node: NodeId, seen_s: float) -> Refused:
    """The answer to a second machine with a key that is in use. `seen_s`: since the first one's heartbeat."""
    return Refused(
        "duplicate_identity",
        f"The key of node {short(node)} is in use on another connection, last seen {seen_s:.0f} s ago.",
        "Stop one of the two, or give this one an identity of its own.",
    )


def clean(text: str, limit: int) -> str:
    """`text` without control, format and unassigned characters, cut to `limit`."""
    kept = "".join(c for c in text[: 4 * limit] if not unicodedata.category(c).startswith("C"))
    return kept.strip()[:limit]


def _bounded(message: SignIn) -> bool:
    return len(message.models) <= _MODELS_LIMIT and all(
        0 <= offer.context <= _CONTEXT_LIMIT
        and 0 <= offer.milli_tokens_per_s <= _SPEED_LIMIT
        and len(offer.group) == 64
        and len(offer.profile) == 64
        for offer in message.models
    )


def _refused(code: str, sentence: str, remedy: str) -> Refused:
    return Refused(code, sentence, remedy)
