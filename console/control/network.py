"""The network of a node, as its clients see it: the session, the draws, the groups, what it says. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.control.witnessed import KeptEvidence, Said
from console.protocol.ids import GroupId
from console.protocol.types import Policy

NetworkState = Literal["offline", "connecting", "connected", "refused"]


class GroupView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group of the network: the nodes that serve one model."""

    group: GroupId
    name: str
    nodes: int = 0
    """Signed in."""
    listed: int = 0
    """In the last roster."""
    waiting: int = 0
    """Assignments waiting or running in the whole group."""
    requests_per_min: int = 0
    """Requests of the last minute."""
    mine: bool = False


class NetworkView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The network from here. Draws count from the agent's start; expectation and variance are × 1000."""

    state: NetworkState = "offline"
    sentence: str = ""
    coordinator: str = ""
    name: str = ""
    since_ms: int = 0
    next_try_ms: int = 0
    latency_ms: int | None = None
    slot: int = 0
    epoch: int = 0
    roster_size: int = 0
    listed: bool = False
    draws: int = 0
    won: int = 0
    expected_milli: int = 0
    variance_milli: int = 0
    policy: Policy | None = None
    coordinator_key: str = ""
    sessions: int = 0
    """Sign-ins since the agent started; more than one means that the connection was lost in between."""
    receipts: int = 0
    """Presence receipts since the agent started, one per heartbeat that was answered."""
    receipts_listed: int = 0
    """Of those, the ones that say that this node was in the roster."""
    receipt_ms: int = 0
    """When the last one came."""
    probation_left: int | None = None
    """Accepted answers until the audit rate falls; None: the network does not say."""
    audit_ppm: int | None = None
    """Share of this node's answers that is audited now, per million; None: the network does not say."""
    groups: tuple[GroupView, ...] = ()
    latency_history: tuple[int, ...] = ()
    """Milliseconds, one per presence receipt; kept by the reducer."""
    said: Said | None = None
    """Why the network does not list this node; None: it does, or has not spoken yet."""
    roster_root: str = ""
    """Of the last presence receipt's slot."""
    seeds_root: str = ""
    """The commitment to the seeds of `epoch`."""
    kept: KeptEvidence = KeptEvidence()

    @property
    def against(self) -> Said | None:
        """What the network holds against this node now: no echo of what the node said itself, and of
        a session that is over only the answer to the next sign-in.
        """
        said = self.said
        over = said is not None and said.signed and self.state != "connected"
        return None if said is None or said.echo or over else said
