"""The one current answer to "why am I not earning?": a pure function from facts to a reason (DESIGN §8)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from console.agent.draws import Draws, luck
from console.control.moments import moment_words
from console.control.network import NetworkView
from console.control.state import EngineView, Switches
from console.protocol.messages import Refused
from console.protocol.reasons import CODES, PASSING_REFUSALS, Reason, reason

DISK_FULL_BYTES = 200 * 1000 * 1000
RECENT_MS = 60_000
"""An answer accepted so recently counts as earning, a draw so recently as demand."""


_ENDS_BY_HAND = "Press p, or run `quarterdeck resume`. P sets a time when it ends by itself."
_ENDS_ITSELF = "It takes work again by itself then. Press p, or run `quarterdeck resume`, to do so now."

_NO_WEIGHTS = "The model's file is gone, so the engine cannot start."
_FETCH = "Put it back, or fetch it with f on Models. The engine starts as soon as it is there."

OWN_CODES = frozenset(("paused", "draining", "disk_full", "gpu_lost", "engine_down", "model_loading"))
"""Reasons that this machine gives; the network's word for one of them is an echo of a heartbeat."""


class Facts(msgspec.Struct, frozen=True):
    """Everything that a reason can rest on."""

    now_ms: int
    switches: Switches = Switches()
    engine: EngineView = EngineView()
    network: NetworkView = NetworkView()
    network_reason: Reason | None = None
    """Why the network does not list this node, in its own words."""
    refused: Refused | None = None
    disk_free_bytes: int | None = None
    journal_trouble: str = ""
    gpu_lost: bool = False
    weights_missing: str = ""
    """The path where the model's file should be and is not; asked only while the engine is down."""
    waiting: int = 0
    running: int = 0
    queue_limit: int = 8
    last_accepted_ms: int = 0
    draws: Draws = Draws()


def current(facts: Facts) -> Reason:
    """The first rule that applies: the operator's will, then rules of the network, this machine, the way
    to the network, and last the luck of the draw."""
    for rule in _RULES:
        found = rule(facts)
        if found is not None:
            return found
    return reason("no_demand")


def resting(facts: Facts) -> Reason | None:
    """Why this machine itself wants no work now, or None: what its heartbeats say.

    The network's view is left out on purpose: it repeats the heartbeats, and a node that believed the
    repetition would never be ready again.
    """
    for rule in _OWN_RULES:
        found = rule(facts)
        if found is not None:
            return found
    return None


def _switched(facts: Facts) -> Reason | None:
    switches = facts.switches
    if switches.paused:
        until = f" until {moment_words(switches.until_ms)}" if switches.until_ms else ""
        return reason(
            "paused",
            sentence=f"Paused by {switches.by or 'the operator'}{until}.",
            remedy=_ENDS_ITSELF if until else _ENDS_BY_HAND,
            since_ms=switches.since_ms,
            until_ms=switches.until_ms,
            evidence=f"by {switches.by}",
        )
    if switches.draining:
        left = facts.running + facts.waiting
        by = f" by {moment_words(switches.until_ms)}" if switches.until_ms else ""
        words = f"{left} to finish{by}, then it stands still." if left else "Everything is finished."
        return reason(
            "draining",
            sentence=f"No new jobs are taken. {words}",
            since_ms=switches.since_ms,
            until_ms=switches.until_ms if left else 0,
        )
    return None


def _refused(facts: Facts) -> Reason | None:
    refused = facts.refused
    if refused is None:
        return None
    code = refused.code if refused.code in CODES else "not_in_roster"
    if refused.code in PASSING_REFUSALS:
        code = "coordinator_down"
    return reason(
        code,
        sentence=refused.sentence,
        remedy=refused.remedy,
        until_ms=refused.until_ms,
        evidence=refused.code,
    )


def _disk(facts: Facts) -> Reason | None:
    if facts.journal_trouble:
        return reason("disk_full", sentence=facts.journal_trouble, evidence="journal")
    free = facts.disk_free_bytes
    if free is not None and free < DISK_FULL_BYTES:
        return reason(
            "disk_full",
            sentence=f"Only {free // 1_000_000} MB are free; below 200 MB no work is taken.",
            evidence=f"{free} bytes",
        )
    return None


def _engine(facts: Facts) -> Reason | None:
    engine = facts.engine
    if facts.gpu_lost:
        return reason("gpu_lost")
    if engine.state in ("waiting", "failed", "stopped") and facts.weights_missing:
        return reason("engine_down", sentence=_NO_WEIGHTS, remedy=_FETCH, evidence=facts.weights_missing)
    if engine.state in ("waiting", "failed", "stopped"):
        return reason("engine_down", sentence=engine.sentence, until_ms=engine.next_try_ms)
    if engine.state != "ready":
        return reason("model_loading", sentence=engine.sentence)
    return None


def _connection(facts: Facts) -> Reason | None:
    network = facts.network
    if network.state == "connected":
        return None
    if not network.coordinator:
        return reason(
            "offline",
            sentence="No network is chosen.",
            remedy="Set node.coordinator in the configuration, or pass --coordinator.",
        )
    if network.state == "connecting" and not network.sentence:
        return reason(
            "coordinator_down", sentence="Signing in to the network.", remedy="This takes a moment."
        )
    return reason(
        "coordinator_down",
        sentence=f"No connection: {network.sentence.rstrip('.')}. Not your fault, and it costs you nothing.",
        since_ms=network.since_ms,
        until_ms=network.next_try_ms,
    )


def _listed(facts: Facts) -> Reason | None:
    found = facts.network_reason
    return None if found is None or found.code in OWN_CODES else found


def _queue(facts: Facts) -> Reason | None:
    load = facts.waiting + facts.running
    if load >= facts.queue_limit:
        return reason("queue_full", evidence=f"{load} of {facts.queue_limit}")
    return None


def _earning(facts: Facts) -> Reason | None:
    recent = facts.last_accepted_ms and facts.now_ms - facts.last_accepted_ms <= RECENT_MS
    return reason("earning") if recent or facts.running else None


def _lost(facts: Facts) -> Reason | None:
    draws = facts.draws
    if not draws.since_win or facts.now_ms - draws.last_draw_ms > RECENT_MS:
        return None
    return reason("lost_draws", sentence=luck(draws), evidence=f"{draws.draws}/{draws.won}")


_OWN_RULES = (_switched, _disk, _engine)
_RULES: tuple[Callable[[Facts], Reason | None], ...] = (
    _switched,
    _refused,
    _disk,
    _engine,
    _connection,
    _listed,
    _queue,
    _earning,
    _lost,
)
