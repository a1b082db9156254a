"""A small real network for end-to-end tests: each part is a process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from console.control.asking import ask
from console.control.connection import NoAgent
from console.control.state import NodeState
from console.coordinator.transport.private_nats import free_port
from console.practice import rigging
from console.practice.crew import Member
from console.practice.plan import Cast, make_plan
from console.practice.weights import Weights, prepare
from console.settings import paths

PATIENCE_S = 90.0


class Net:
    """The processes and how to reach them."""

    def __init__(self, home: Path, models: Path, nodes: int, rogue: int = 0) -> None:
        self.plan = make_plan(home, models, nodes=nodes, rogue=rogue, minutes=0, seed=5)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.database = home / "coordinator" / "coordinator.sqlite"
        self.weights: Weights
        self.members: dict[str, Member] = {}

    async def start(self) -> None:
        self.weights = await asyncio.to_thread(prepare, self.plan, lambda line: None)
        rigging.write_policy(self.plan)
        await self.start_coordinator()
        for cast in self.plan.cast:
            rigging.write_config(cast, self.weights, f"ws://127.0.0.1:{self.port}/net/v1/ws", slots=1)
            await self.start_node(cast)
        await self.until(self.served)
        await self.until(self.everybody_listed)

    async def start_coordinator(self) -> None:
        arguments = rigging.coordinator_arguments(self.plan, self.weights, self.port)
        log = self.plan.home / "coordinator" / "coordinator.log"
        await self._start("coordinator", Member("coordinator", arguments, log, self._environment()))

    async def start_node(self, cast: Cast) -> None:
        arguments = rigging.agent_arguments(cast, self.weights)
        member = Member(cast.name, arguments, cast.home / "agent.out", self._environment())
        await self._start(cast.name, member)

    async def _start(self, name: str, member: Member) -> None:
        await member.start()
        self.members[name] = member

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
        return kept | {"QUARTERDECK_MODELS": str(self.plan.models), "OMP_NUM_THREADS": "1"}

    async def kill(self, name: str) -> None:
        """kill -9, as the kernel's out-of-memory killer would."""
        process = self.members[name].process
        assert process is not None
        process.kill()
        await process.wait()

    async def stop(self) -> None:
        nodes = [m for n, m in self.members.items() if n != "coordinator"]
        await asyncio.gather(*(m.stop() for m in nodes))
        await self.members["coordinator"].stop()

    async def served(self) -> bool:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            async with httpx.AsyncClient(base_url=self.base, timeout=5, trust_env=False) as http:
                reply = await http.get("/v1/models", headers={"Authorization": "Bearer t"})
                return reply.is_success and bool(reply.json().get("data"))
        return False

    async def everybody_listed(self) -> bool:
        """Whether every node of the plan can be drawn: on a busy machine one comes long after another."""
        states = [self.node(cast) for cast in self.plan.cast]
        return all(state is not None and state.network.listed for state in states)

    async def until(self, holds: Callable[[], Awaitable[bool]], patience_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + patience_s
        while not await holds():
            assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain: {self.last_words()}"
            for name, member in self.members.items():
                if member.gone and name not in self.allowed_gone:
                    raise AssertionError(f"{name} is gone: {member.last_words()}")
            await asyncio.sleep(0.1)

    allowed_gone: frozenset[str] = frozenset()

    def last_words(self) -> str:
        return "; ".join(f"{n}: {m.last_words()}" for n, m in self.members.items())

    def node(self, cast: Cast) -> NodeState | None:
        """What the node's agent says of itself, None when it does not answer."""
        with contextlib.suppress(NoAgent):
            answer = ask(paths.socket_path(cast.home, "agent"), "status", timeout_s=10)
            return msgspec.json.decode(answer.result, type=NodeState)
        return None

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return db.execute(sql, values).fetchall()

    def ledger_sum(self) -> int:
        return int(self.query("SELECT COALESCE(SUM(amount), 0) FROM postings")[0][0])

    async def chat(self, prompt: str, **more: object) -> httpx.Response:
        """One request without streaming."""
        body = {
            "model": self.weights.name,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 24,
            "temperature": 1.0,
        } | more
        async with httpx.AsyncClient(base_url=self.base, timeout=180, trust_env=False) as http:
            return await http.post("/v1/chat/completions", json=body, headers={"Authorization": "Bearer t"})

    @contextlib.asynccontextmanager
    async def streaming(self, prompt: str, max_tokens: int = 600) -> AsyncIterator[AsyncIterator[str]]:
        """A streamed request; yields its lines."""
        body = {
            "model": self.weights.name,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "temperature": 1.0,
            "stream": True,
        }
        async with (
            httpx.AsyncClient(base_url=self.base, timeout=180, trust_env=False) as http,
            http.stream(
                "POST", "/v1/chat/completions", json=body, headers={"Authorization": "Bearer t"}
            ) as reply,
        ):
            assert reply.status_code == 200, await reply.aread()
            yield reply.aiter_lines()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill9(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
