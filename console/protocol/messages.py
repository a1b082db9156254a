"""The frames between node and coordinator, and what may be in them.

Order at sign-in: coordinator `Challenge`, node `SignIn`, coordinator `Welcome` or `Refused`, each signed.
After that every frame carries the session, a strictly rising counter and a code, made with the session's key,
over both and the body's exact bytes; a signature where one of the two knows of no such keys.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from console.protocol.ids import GroupId, JobId, NodeId, SessionId
from console.protocol.reasons import Reason
from console.protocol.statements import (
    AccountInclusion,
    HistoryProof,
    ReceiptInclusion,
    Stated,
    Statement,
)
from console.protocol.types import (
    Assignment,
    Balances,
    Fault,
    ModelOffer,
    Policy,
    Receipt,
    Result,
    Verdict,
)

FRAME_BYTES_LIMIT = 2 * 1024 * 1024
"""A larger frame closes the connection: the opening of 4,096 tokens in base64 fits."""
CHUNK_TOKENS_LIMIT = 256
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


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat"):
    """The node lives. `ready` false takes it off the rosters without a fault, `reason` says why."""

    ready: bool
    reason: str
    """A code of `console.protocol.reasons`."""
    queue: int
    sent_ms: int
    heard: int | None = None
    """Counter of the last frame of this session that the node has dealt with, none missing before it; -1: not
    even the first. None: an older node, which does not say."""


class GroupNow(msgspec.Struct, frozen=True):
    """A group of the network as it stands now."""

    group: GroupId
    name: str
    """Of its model, for people."""
    nodes: int
    """Signed in and offering the group's model."""
    listed: int
    """In the roster."""
    waiting: int
    """Assignments that its nodes have not answered yet."""
    requests_per_min: int
    """Requests that the network took on in the last minute."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a node cannot know by itself: the groups, renewed once per slot, and how it is watched."""

    groups: tuple[GroupNow, ...] = ()
    probation_left: int | None = None
    """Accepted answers until this node's audit rate falls, 0 when it has; None: not looked up yet."""
    audit_ppm: int | None = None
    """Share of this node's answers that is audited now, per million; None: not looked up yet."""


GROUPS_LIMIT = 32
"""Groups that a presence receipt tells of, the largest first."""


class Presence(msgspec.Struct, frozen=True, tag="presence"):
    """Signed answer to a heartbeat: the node was seen in this slot, and is or is not in the roster.

    `signature` is over `presence_bytes`: all that can serve as evidence later. `around` is for the moment
    only; as with every frame, its bytes are covered by the frame's own signature.
    """

    slot: int
    group: GroupId
    roster_root: str
    roster_size: int
    listed: bool
    reason: Reason | None
    """The network's view of why this node is not listed, or None."""
    draws: int
    """Tickets of the group while this node was listed, this session."""
    won: int
    expected_milli: int
    """Sum of 1/n over those tickets, × 1000."""
    variance_milli: int
    """Sum of 1/n·(1−1/n) over those tickets, × 1000."""
    echo_ms: int
    """`sent_ms` of the heartbeat, so that the node measures the round trip."""
    now_ms: int
    signature: str
    around: Surroundings | None = None
    """None: an older coordinator, which does not tell."""


class EpochOpened(msgspec.Struct, frozen=True, tag="epoch_opened"):
    """A new epoch's seed commitment; the closed epoch's pending became available."""

    epoch: int
    seeds_root: str
    balances: Balances
    stated: Stated | None = None
    """The newest statement; that of the epoch that has just closed is made a moment later."""


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """The node has taken the assignment into its queue."""

    job: JobId
    attempt: int
    fence: int


class Decline(msgspec.Struct, frozen=True, tag="decline"):
    """The node will not do this assignment, and says why: a public reason for the next attempt."""

    job: JobId
    attempt: int
    fence: int
    code: Literal[
        "draw_wrong",
        "context_exceeded",
        "queue_full",
        "paused",
        "draining",
        "engine_down",
        "unknown_group",
    ]
    sentence: str


class Chunk(msgspec.Struct, frozen=True, tag="chunk"):
    """Tokens as they come; `start`: position of the first. The network, not the node, turns ids to text."""

    job: JobId
    attempt: int
    fence: int
    start: int
    token_ids: tuple[int, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The node could not finish; nothing is paid, and the job goes on elsewhere when it still may."""

    job: JobId
    attempt: int
    fence: int
    fault: Fault
    code: str
    sentence: str


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop working on this attempt; its result will not be paid."""

    job: JobId
    attempt: int
    fence: int
    reason: str


class OpenRequest(msgspec.Struct, frozen=True, tag="open_request"):
    """This answer is audited: send the blob behind its commitment."""

    job: JobId
    attempt: int


class Opening(msgspec.Struct, frozen=True, tag="opening"):
    """The blob: 40 (u32 id, i32 q) pairs per position, little-endian; empty when it is gone."""

    job: JobId
    attempt: int
    blob: bytes


class ResultAnswered(msgspec.Struct, frozen=True, tag="result_answered"):
    """The network has the result under the current fence, or never will: stop sending it."""

    job: JobId
    attempt: int
    fence: int
    status: Literal["taken", "stale", "unknown", "malformed"]
    sentence: str


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The node leaves on purpose; what it has not finished may be given to others at once."""

    reason: str


class StatementRequest(msgspec.Struct, frozen=True, tag="statement_request"):
    """The node wants an epoch's statement, with the proofs of its own accounts and receipts."""

    epoch: int
    known: int = 0
    """The newest epoch whose statement the node holds: one with a gap before it is proved to follow."""
    start: int = 0
    """Of the node's receipts, from this one on: a page holds `RECEIPTS_PAGE`."""


class StatementAnswer(msgspec.Struct, frozen=True, tag="statement_answer"):
    """A statement and what of it is the node's, proved."""

    epoch: int
    statement: Statement | None
    """None: there is none (yet)."""
    accounts: tuple[AccountInclusion, ...] = ()
    receipts: tuple[ReceiptInclusion, ...] = ()
    receipts_total: int = 0
    """Receipts of this node in the statement, on all pages."""
    proved: bool = True
    """False: proofs of so old a statement are not kept any more."""
    follows: HistoryProof | None = None
    """That it follows upon the statement of `known`; None where that is the one just before."""


RECEIPTS_PAGE = 512
"""Receipts in one answer: with their paths some 700 kB at most."""


FromNode = SignIn | Heartbeat | Ack | Decline | Chunk | Failed | Result | Opening | Goodbye | StatementRequest
FromCoordinator = (
    Challenge
    | Welcome
    | Refused
    | Presence
    | EpochOpened
    | Assignment
    | Cancel
    | OpenRequest
    | ResultAnswered
    | Verdict
    | Receipt
    | StatementAnswer
)
