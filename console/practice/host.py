"""The run itself: prepares the weights, starts the cast, sends requests, ends everything, reports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import Callable

import httpx

from console.coordinator.transport.private_nats import free_port
from console.practice import rigging
from console.practice.clients import Clients
from console.practice.crew import CrewError, Member
from console.practice.plan import Cast, Plan
from console.practice.ready import until_ready
from console.practice.report import until_settled
from console.practice.weights import Weights, prepare

Say = Callable[[str], None]
_START_TIMEOUT_S = 120.0
_SETTLE_TIMEOUT_S = 90.0


class Host:
    """One practice run, from the first process to the last."""

    def __init__(self, plan: Plan, say: Say) -> None:
        """`say`: takes lines for the operator."""
        self._plan = plan
        self._say = say
        self._stop = asyncio.Event()
        self._crew: list[Member] = []
        self.started_ms = 0

    def stop(self) -> None:
        """End the run at the next opportunity; safe to call from a signal handler of the loop."""
        self._stop.set()

    async def run(self) -> None:
        """All of it. Raises CrewError, or a room's own error, with a sentence for the operator."""
        self.started_ms = time.time_ns() // 1_000_000
        weights = await asyncio.to_thread(prepare, self._plan, self._say)
        port = free_port()
        try:
            await self._start(weights, port)
            await self._work(weights, port)
        finally:
            await self._end()

    async def _start(self, weights: Weights, port: int) -> None:
        url = self._plan.transport or f"ws://127.0.0.1:{port}/net/v1/ws"
        rigging.write_policy(self._plan)
        coordinator = Member(
            "the coordinator",
            rigging.coordinator_arguments(self._plan, weights, port),
            self._plan.home / "coordinator" / "coordinator.log",
            self._environment(),
        )
        self._crew.append(coordinator)
        await coordinator.start()
        for member in self._plan.cast:
            rigging.write_config(member, weights, url, self._plan.slots)
        await self._start_node(self._plan.yours, weights)
        self._say(f"Coordinator on 127.0.0.1:{port}; your node {self._plan.yours.name} is loading the model.")

    async def _others_join(self, weights: Weights) -> None:
        """One after the other, rogues first: all at once, self-tests would keep a small machine busy."""
        for member in sorted(self._plan.cast, key=lambda member: member.honest):
            if not member.yours and not self._stop.is_set():
                await self._start_node(member, weights)
                ready = await until_ready(member, self._stop)
                if not self._stop.is_set():
                    log = member.home / "agent.out"
                    missing = (
                        f"{member.name} did not become ready and the run goes on without it (log: {log})."
                    )
                    self._say(f"{member.name} has joined." if ready else missing)

    async def _start_node(self, member: Cast, weights: Weights) -> None:
        node = Member(
            f"node {member.name}",
            rigging.agent_arguments(member, weights),
            member.home / "agent.out",
            self._environment(),
        )
        self._crew.append(node)
        await node.start()

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
        return kept | {"QUARTERDECK_MODELS": str(self._plan.models), "OMP_NUM_THREADS": "1"}

    async def _work(self, weights: Weights, port: int) -> None:
        base = f"http://127.0.0.1:{port}"
        await self._until_served(base)
        clients = Clients(base, weights.name, self._plan.interval_s, random.Random(self._plan.seed))
        sending = asyncio.create_task(clients.send_until(self._stop))
        joining = asyncio.create_task(self._others_join(weights))
        try:
            await self._watch(joining)
        finally:
            self._stop.set()
            await asyncio.gather(sending, joining)
            self._say("Waiting for what is under way, its audits and payments.")
            await clients.finish(_SETTLE_TIMEOUT_S)
            await until_settled(self._plan, _SETTLE_TIMEOUT_S)

    async def _until_served(self, base: str) -> None:
        """Wait until the gateway lists a model with a live node."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        async with httpx.AsyncClient(base_url=base, timeout=5, trust_env=False) as http:
            while time.monotonic() < deadline and not self._stop.is_set():
                self._check_crew()
                with contextlib.suppress(httpx.HTTPError, ValueError):
                    reply = await http.get("/v1/models", headers={"Authorization": "Bearer practice-client"})
                    if reply.is_success and reply.json().get("data"):
                        return
                await asyncio.sleep(0.25)
        if not self._stop.is_set():
            raise CrewError(
                f"No node served the model within {_START_TIMEOUT_S:.0f} s. The logs are under "
                f"{self._plan.home}; `quarterdeck doctor` checks this machine."
            )

    async def _watch(self, joining: asyncio.Task[None]) -> None:
        """Until the time is over, which counts from the moment when everybody has joined."""
        end = None
        while not self._stop.is_set() and (end is None or time.monotonic() < end):
            self._crew[0].check()
            if end is None and joining.done() and self._plan.minutes:
                end = time.monotonic() + self._plan.minutes * 60
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1.0)

    def _check_crew(self) -> None:
        for member in self._crew:
            member.check()

    async def _end(self) -> None:
        """Nodes first, so that they can say goodbye; the coordinator last."""
        await asyncio.gather(*(member.stop() for member in self._crew[1:]))
        for member in self._crew[:1]:
            await member.stop()


def to_stderr(line: str) -> None:
    """A `Say` for a terminal."""
    print(line, file=sys.stderr, flush=True)
