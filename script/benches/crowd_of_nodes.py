"""Ten thousand live nodes at one coordinator: a slot's roster, a draw with its proof, a heartbeat, memory.

The coordinator's own registry, listing and draws. Nodes are sessions without a socket: what
a socket costs is the network's and not the draw's. Times are of this process alone, medians.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil

from benches.rows import Row, say
from console.coordinator.audits.reference import Reference
from console.coordinator.clock import SystemClock
from console.coordinator.draws.tickets import proof_of, ticket_for
from console.coordinator.jobs.jobs import Job
from console.coordinator.nodes.presences import Presences
from console.coordinator.nodes.registry import Registry
from console.coordinator.nodes.sessions import Session
from console.coordinator.parts import Parts
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.store.sqlite import SqliteStore
from console.fairness import EpochSeeds
from console.protocol.frames import open_from_node, seal, ticket_bytes
from console.protocol.ids import GroupId, JobId, NodeId, SessionId
from console.protocol.keys import SigningKey
from console.protocol.messages import Heartbeat
from console.protocol.session_key import SessionKey
from console.protocol.types import DrawProof, ModelOffer

NODES = 10_000
DRAWS = 1_000
SMALL = 1024
"""Context of every tenth node, in tokens; the others have twice as much."""
SLOTS = 9
PROFILE = "class"
BEAT = Heartbeat(True, "", 0, 0)
GROUP = GroupId("9" * 64)


def measure() -> list[Row]:
    """All rows; a quarter of a minute."""
    return asyncio.run(_measured())


async def _measured() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="quarterdeck-bench-") as folder:
        store = SqliteStore(Path(folder) / "coordinator.sqlite")
        try:
            return _rows(store)
        finally:
            store.close()


def _rows(store: SqliteStore) -> list[Row]:
    seed = hashlib.sha256(b"bench").digest()
    served = Served("bench", GROUP)
    parts = Parts(
        CoordinatorConfig(),
        served,
        SigningKey(seed),
        Secrets(seed),
        store,
        SystemClock(),
        secrets.token_bytes,
        (),
    )
    reference = SimpleNamespace(profile=PROFILE, exact=True, calibrated=frozenset())
    registry = Registry(parts, cast(Reference, reference))
    before = psutil.Process().memory_info().rss
    say(f"{NODES:,} nodes sign in")
    sessions = [_session(registry, parts, number) for number in range(NODES)]
    memory = psutil.Process().memory_info().rss - before
    rows = [
        Row(f"{NODES:,} nodes: memory of all sessions", memory / 1e6, "MB", 600),
        Row(
            f"{NODES:,} nodes: roster of a slot, nobody moved", _slot_ms(registry, sessions, False), "ms", 50
        ),
        Row(f"{NODES:,} nodes: roster of a slot, one came", _slot_ms(registry, sessions, True), "ms", 50),
    ]
    for session in sessions:
        session.beat(BEAT)
    presences = Presences(parts, registry)
    beat_us = 1e6 * _median(lambda: presences.answer(sessions[0], BEAT), 500)
    rows.append(Row(f"{NODES:,} nodes: heartbeat and its signed receipt", beat_us, "µs"))
    rows.append(
        Row(
            f"{NODES:,} nodes: the same with its frames, one checked, one sealed",
            _framed_us(presences, sessions[0]),
            "µs",
        )
    )
    return rows + _draws(registry, parts.key)


def _framed_us(presences: Presences, session: Session) -> float:
    """All that a heartbeat costs the coordinator, but for its socket."""
    agreed = SessionKey(bytes(range(64)))
    frame = seal(agreed, "to_coordinator", session.id, 0, BEAT)

    def beat() -> None:
        _, message = open_from_node(frame, agreed, session.id, -1)
        assert isinstance(message, Heartbeat)
        seal(agreed, "to_node", session.id, 0, presences.answer(session, message))

    return 1e6 * _median(beat, 500)


def _session(registry: Registry, parts: Parts, number: int) -> Session:
    node = NodeId(hashlib.sha256(f"node {number}".encode()).hexdigest())
    offer = ModelOffer(GROUP, "bench", PROFILE, 2 * SMALL if number % 10 else SMALL, 5_000, 100)
    session = Session(SessionId(f"{number:032x}"), node, f"node-{number}", offer, parts.clock)
    session.beat(BEAT)
    registry.seat(session)
    return session


def _slot_ms(registry: Registry, sessions: list[Session], somebody_came: bool) -> float:
    """A slot's roster with its tree. With one node more or fewer than in the last, the tree is built anew."""
    times = []
    for number in range(SLOTS):
        last = registry.listing.now().slot
        for session in sessions:
            session.beat(BEAT)
        if somebody_came:
            sessions[number].ready = not sessions[number].ready
        registry.listing.begin(last)
        started_s = time.perf_counter()
        registry.listing.now().tree  # noqa: B018
        times.append(time.perf_counter() - started_s)
    for session in sessions:
        session.ready = True
    return 1000 * statistics.median(times[1:])


def _draws(registry: Registry, key: SigningKey) -> list[Row]:
    """Nobody is left out of the first ones; a tenth of the nodes lacks the context that the others need."""
    seeds = EpochSeeds(secrets.token_bytes(32))
    all_us, fewer_us = (_draw_us(registry, key, seeds, first) for first in (1, SMALL + 1))
    sign_us = 1e6 * _median(lambda: key.sign(b"x" * 300), 500)
    return [
        Row(f"{NODES:,} nodes: draw with proof, ticket signed", all_us, "µs"),
        Row("a signature", sign_us, "µs"),
        Row(f"{NODES:,} nodes: draw with proof, without the signature", all_us - sign_us, "µs", 50),
        Row(f"{NODES:,} nodes: the same, a tenth left out", fewer_us - sign_us, "µs"),
    ]


def _draw_us(registry: Registry, key: SigningKey, seeds: EpochSeeds, first: int) -> float:
    """Median of draws for jobs that need `first` tokens of context, one more, and so on."""
    needs = iter(range(first, first + DRAWS))
    return 1e6 * _median(lambda: _draw(registry, key, seeds, next(needs)), DRAWS)


def _draw(registry: Registry, key: SigningKey, seeds: EpochSeeds, need: int) -> DrawProof:
    """What `Draws.draw` does beside the database."""
    roster = registry.eligible(need)
    job = Job(JobId(f"{need:032x}"), "ann", GROUP, need, 0, 0, attempt=1)
    ticket = ticket_for(job, need, 1, roster, "")
    proof = proof_of(ticket, key.sign(ticket_bytes(ticket)), f"{need:032x}", seeds, roster)
    registry.listing.drawn(roster, roster.listed.ids[proof.index])
    return proof


def _median(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        started_s = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started_s)
    return statistics.median(taken)
