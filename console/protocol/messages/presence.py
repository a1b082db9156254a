"""That a node lives, and what the network holds of it: heartbeats, presence receipts, epochs."""

from __future__ import annotations

import msgspec

from console.protocol.ids import GroupId
from console.protocol.reasons import Reason
from console.protocol.statements import Stated
from console.protocol.types import Balances


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
