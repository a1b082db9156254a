"""`python -m benches.settled_load PLAN`: the coordinator of the bench `settled`, and who asks for answers.

It is the product's own, put together by `build`, but for the reference engine, which takes no time. Jobs are
given to its dispatch, where the gateway gives them too: what HTTP costs is not in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from benches.rows import percentile
from benches.settled_answers import GROUP, MODEL, PROMPT_IDS, TEMPERATURE_MILLI, TOKENS, InstantEngine
from benches.settled_nodes import HEARTBEAT_S, key_of
from console.coordinator.app import Coordinator
from console.coordinator.building import build
from console.coordinator.clock import SystemClock
from console.coordinator.deposits import PRACTICE
from console.coordinator.jobs.live import Ask, Done, Text
from console.coordinator.server import server_of
from console.coordinator.settings import CoordinatorConfig, Limits, Practice, Served
from console.coordinator.start import take_port
from console.protocol.ids import GroupId
from console.protocol.types import USUAL_POLICY

POLICY = msgspec.structs.replace(USUAL_POLICY, probation_answers=0, heartbeat_s=HEARTBEAT_S, load_every_s=0)
"""The usual one, without probation: for 1,000 nodes that is 10,000 audits before anything is measured; and
without load challenges, which come by lot."""
_PATIENCE_S = 120.0
_LOOK_S = 0.05


class Plan(msgspec.Struct, frozen=True):
    """What one process is to do."""

    home: str
    nodes: int
    in_flight: int
    warm_s: float
    lasts_s: float
    alone_s: float
    """How long one job at a time is asked for, to learn what it waits where nothing waits."""
    store_at: str = ""
    nats_at: str = ""
    group: GroupId = GROUP
    first: int = 0
    """Number of its first node."""
    shared: bytes = b""
    """What coordinators that share message servers know: see `NatsKeys`."""


class Measured(msgspec.Struct, frozen=True):
    """What it came to. Latencies are from asking until the answer is settled, ms."""

    settled: int
    lasted_s: float
    p50_ms: float
    p99_ms: float
    alone_p50_ms: float
    alone_p99_ms: float
    cpu_s: float
    """Of this process, while `settled` were."""


class Listening(msgspec.Struct, frozen=True):
    """First line of the output: where nodes may dial. An empty one: it measures now. Then `Measured`."""

    node_url: str


def config_of(nodes: int, first: int = 0) -> CoordinatorConfig:
    """Every node has its bond, so that the audit rate is the default one and no bond is filled up."""
    numbers = range(first, first + nodes)
    bonds: dict[str, int] = {key_of(number).node_id: POLICY.bond_target for number in numbers}
    limits = Limits(frames_per_s=1_000_000)  # one node may have to carry all
    practice = Practice(open=True, client_deposit=1 << 50, bonds=bonds)
    return CoordinatorConfig(network="bench", policy=POLICY, limits=limits, practice=practice)


@contextlib.asynccontextmanager
async def _running(plan: Plan) -> AsyncIterator[Coordinator]:
    where = plan.store_at, plan.nats_at, plan.shared
    app = build(
        Path(plan.home), config_of(plan.nodes, plan.first), Served(MODEL, plan.group), InstantEngine(),
        SystemClock(), secrets.token_bytes, None, *where,
    )  # fmt: skip
    with take_port("127.0.0.1", 0) as listening:
        server = server_of(app, "127.0.0.1", 0)
        task = asyncio.create_task(server.serve([listening]))
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        if task.done():
            raise RuntimeError("the coordinator did not start")
        port = listening.getsockname()[1]
        at = Listening(plan.nats_at or f"ws://127.0.0.1:{port}/net/v1/ws")
        _say(msgspec.json.encode(at).decode())
        try:
            yield app.state.coordinator
        finally:
            server.should_exit = True
            await task


class Load:
    """Asks, and counts what is settled."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self.taken_s: list[float] = []
        """Of each job that was settled."""

    async def ask(self) -> None:
        """One job to its end. Raises RuntimeError when it is not settled."""
        ask = Ask(PRACTICE, PROMPT_IDS, TEMPERATURE_MILLI, TOKENS, (), False)
        began_s = time.perf_counter()
        live = await self._coordinator.dispatch.submit(ask, lambda unit, job: None)
        told = await live.told.get()
        while isinstance(told, Text):
            told = await live.told.get()
        while live.job.state == "AUDITING":  # a client is told its answer while a slow audit goes on
            await asyncio.sleep(_LOOK_S)
        if not isinstance(told, Done) or live.job.state != "SETTLED":
            raise RuntimeError(f"a job was not settled: {live.job.state} {live.job.code}")
        self.taken_s.append(time.perf_counter() - began_s)

    async def keep_asking(self, until: asyncio.Event) -> None:
        """One job after the other."""
        while not until.is_set():
            await self.ask()


async def _measure(plan: Plan) -> None:
    async with _running(plan) as coordinator:
        await _listed(coordinator, plan.nodes)
        load, enough = Load(coordinator), asyncio.Event()
        alone_s = await _alone(load, plan.alone_s)
        asking = [asyncio.create_task(load.keep_asking(enough)) for _ in range(plan.in_flight)]
        await asyncio.sleep(plan.warm_s)
        _say("")
        load.taken_s.clear()
        began_s, cpu_s = time.perf_counter(), time.process_time()
        while time.perf_counter() < began_s + plan.lasts_s or not load.taken_s:
            ended, _ = await asyncio.wait(asking, timeout=_LOOK_S, return_when=asyncio.FIRST_EXCEPTION)
            await asyncio.gather(*ended)
        lasted_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        taken_s = list(load.taken_s)
        enough.set()
        await asyncio.gather(*asking)
        found = Measured(len(taken_s), lasted_s, *_ms(taken_s), *_ms(alone_s), cpu_s)
        _say(msgspec.json.encode(found).decode())


def _ms(taken_s: list[float]) -> tuple[float, float]:
    return 1000 * percentile(taken_s, 50), 1000 * percentile(taken_s, 99)


async def _alone(load: Load, lasts_s: float) -> list[float]:
    """Seconds of each job, one after the other; the first one is not counted."""
    await load.ask()
    load.taken_s.clear()
    until_s = time.perf_counter() + lasts_s
    while not load.taken_s or time.perf_counter() < until_s:
        await load.ask()
    return list(load.taken_s)


async def _listed(coordinator: Coordinator, nodes: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while coordinator.registry.eligible(0).chances < nodes:
            await asyncio.sleep(0.1)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(_measure(msgspec.json.decode(sys.argv[1], type=Plan)))
