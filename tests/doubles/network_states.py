"""The recorded node on networks of many kinds, for what Network shows of them."""

from __future__ import annotations

from typing import Any

import msgspec

from console.control.network import GroupView, NetworkView
from console.control.recording import Recorded, read
from console.control.replay import Replay
from console.control.state import NodeState, Note, Switches
from console.control.wire import Snapshot
from console.control.witnessed import KeptEvidence, Said
from console.protocol.ids import GroupId
from console.protocol.reasons import reason
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock
from doubles.console_double import RECORDINGS


def recorded(name: str) -> NodeState:
    """The state of a recording."""
    message = read(RECORDINGS / f"{name}.jsonl")[1].message
    assert isinstance(message, Snapshot)
    return message.state


EARNING = recorded("earning")
NOW = EARNING.now_ms
HOUR_MS = 3_600_000


def networked(base: NodeState = EARNING, **changes: Any) -> NodeState:
    """`base` with another view of the network."""
    return msgspec.structs.replace(base, network=msgspec.structs.replace(base.network, **changes))


_MANY = tuple(
    GroupView(GroupId(f"{n:064x}"), f"A model of {n} billion parameters, Q4_K_M", 40 - n, 39 - n, n, 7 * n)
    for n in range(1, 31)
)
STATES: dict[str, NodeState] = {
    "below": networked(won=180),
    "far_below": networked(won=96),
    "above": networked(won=236),
    "few": networked(draws=9, won=3, expected_milli=2_250, variance_milli=1_687),
    "alone": networked(
        draws=12, won=12, expected_milli=12_000, variance_milli=0, roster_size=1,
        groups=(GroupView(GroupId("ab" * 32), "toy", 1, 1, 0, 0, mine=True),),
    ),
    "older_coordinator": networked(
        groups=(), probation_left=None, audit_ppm=None, roster_root="", seeds_root="", kept=KeptEvidence(),
    ),
    "many_groups": networked(groups=(*EARNING.network.groups, *_MANY)),
    "probation": networked(probation_left=7, audit_ppm=1_000_000),
    "troubled": msgspec.structs.replace(
        networked(sessions=5),
        notes=(
            Note(NOW - 600_000, "warning", "No connection: the line broke off. It is tried again by itself, "
                 "next in 4 s.", "network"),
            *EARNING.notes,
        ),
    ),
    "refused": msgspec.structs.replace(
        networked(state="refused", listed=False, latency_ms=None, since_ms=NOW - 40_000,
                  next_try_ms=NOW + 25_000, sentence="The key of node 5af01c is in use on another line."),
        reason=reason("duplicate_identity", since_ms=NOW - 40_000),
    ),
    "offline": msgspec.structs.replace(
        EARNING, network=NetworkView(sentence="No network is chosen."), reason=reason("offline"),
    ),
    "unlisted": msgspec.structs.replace(
        networked(
            listed=False, receipts_listed=120,
            said=Said("not_in_roster", "This node gave 0.8 tokens/s; the group asks for 1.",
                      evidence="speed", since_ms=NOW - 60_000, signed=True),
        ),
        reason=reason("not_in_roster", sentence="This node gave 0.8 tokens/s; the group asks for 1.",
                      since_ms=NOW - 60_000, evidence="speed"),
    ),
    "paused_until": msgspec.structs.replace(
        recorded("paused"),
        reason=reason("paused", sentence="Paused by ada until Sun 23 Nov 08:00.", since_ms=NOW - 240_000,
                      until_ms=NOW + 18 * HOUR_MS),
        switches=Switches(True, since_ms=NOW - 240_000, by="ada", until_ms=NOW + 18 * HOUR_MS),
    ),
}  # fmt: skip


def console_in(state: NodeState, settings: ScreenConfig | None = None) -> QuarterdeckApp:
    """The app on a node in `state`, with the answers of the recording `earning`."""
    news = read(RECORDINGS / "earning.jsonl")
    news[1] = Recorded(news[1].at_ms, Snapshot(1, state.now_ms, state))
    clock = StillClock()
    app = QuarterdeckApp(Replay(news, speed=0), clock, settings or ScreenConfig())
    app.clock = clock
    return app
