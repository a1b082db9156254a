"""What a coordinator publishes of its draws: enough to recompute every one of them, and no prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from console.protocol.canonical import canonical, digest, unsigned
from console.protocol.ids import GroupId, JobId, NanoCredits, NodeId
from console.protocol.types import LATER_RULES, Exclusion, Policy, Ticket


class EpochList(msgspec.Struct, frozen=True):
    """The epochs that are published, oldest first; the last one is open while the coordinator runs."""

    coordinator: NodeId
    epochs: tuple[int, ...]


class SignedRoster(msgspec.Struct, frozen=True):
    """The roster of one slot; its members' ids follow from the root. `signature` is over `roster_bytes`."""

    group: GroupId
    slot: int
    root: str
    size: int
    at_ms: int
    signature: str


class Commitment(msgspec.Struct, frozen=True):
    """An epoch's seeds, committed to before its first draw. `signature` is over `commitment_bytes`."""

    epoch: int
    seeds_root: str
    chain: str
    """Of the last ticket before this epoch, empty for the first."""
    at_ms: int
    policy: Policy
    """The public rules of this epoch."""
    signature: str


class Closing(msgspec.Struct, frozen=True):
    """The end of an epoch: its secret, and all of its draws. `signature` is over `closing_bytes`."""

    epoch: int
    secret: str
    """Hex: every seed follows from it."""
    draws: int
    transcript: str
    """`transcript_digest` of the draws."""
    at_ms: int
    signature: str


class DrawRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One draw of the transcript. The last fields are empty in a ticket that was never drawn."""

    ticket: Ticket
    signature: str
    chain: str
    """SHA-256 over the last ticket's chain and this ticket: nothing can be taken out or put in later."""
    cause: str
    """Why there was this attempt: `request`, or the public reason that ended the last one."""
    at_ms: int
    need: int = 0
    """Tokens of context that the job needs."""
    excluded: tuple[Exclusion, ...] = ()
    seed: str = ""
    nonce: str = ""
    index: int = -1
    node: NodeId = NodeId("")


class AttemptEnd(msgspec.Struct, frozen=True):
    """How a node's attempt ended; said of those that have, also of earlier epochs where a job goes on."""

    job: JobId
    attempt: int
    at_ms: int
    code: str
    fault: str
    node: NodeId = NodeId("")
    """Empty where nobody was drawn, and in transcripts of before."""
    fee: NanoCredits = NanoCredits(0)
    """What the client paid that withheld its nonce."""


class Carried(msgspec.Struct, frozen=True):
    """An attempt of an earlier epoch that ran into this one, or nearly: it may fill its node's queue here."""

    node: NodeId
    ended_ms: int
    """0: it has not ended."""


class Transcript(msgspec.Struct, frozen=True):
    """One epoch as it is published."""

    coordinator: NodeId
    commitment: Commitment
    closing: Closing | None
    """None: the epoch is open, and its seeds cannot be checked yet."""
    rosters: tuple[SignedRoster, ...]
    """Of the slots in which somebody was drawn."""
    members: dict[str, tuple[NodeId, ...]]
    """By a roster's root, in its order."""
    draws: tuple[DrawRecord, ...]
    ends: tuple[AttemptEnd, ...] = ()
    carried: tuple[Carried, ...] = ()


def roster_bytes(roster: SignedRoster) -> bytes:
    """What the coordinator signs of a slot's roster."""
    return canonical("roster/v1", unsigned(roster))


def commitment_bytes(commitment: Commitment) -> bytes:
    """What the coordinator signs before an epoch. Rules that a policy does not have are not in it."""
    fields = unsigned(commitment)
    policy: dict[str, int] = fields["policy"]  # type: ignore[assignment]
    fields["policy"] = {rule: n for rule, n in policy.items() if n or rule not in LATER_RULES}
    return canonical("commitment/v1", fields)


def closing_bytes(closing: Closing) -> bytes:
    """What the coordinator signs after an epoch."""
    return canonical("closing/v1", unsigned(closing))


def excluded_digest(excluded: tuple[Exclusion, ...]) -> str:
    """What a ticket fixes of who is left out; empty for nobody."""
    return digest("excluded/v1", excluded) if excluded else ""


def transcript_digest(draws: Iterable[DrawRecord]) -> str:
    """Over all draws of an epoch in their order, as they stand when it closes."""
    whole = hashlib.sha256()
    for draw in draws:
        whole.update(hashlib.sha256(canonical("draw/v1", draw)).digest())
    return whole.hexdigest()
