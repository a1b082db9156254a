"""A whole coordinator on an ephemeral port with a scripted engine, and nodes that can misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from doubles.engine_double import PROFILE, ScriptedEngine

from console.coordinator.app import Coordinator
from console.coordinator.audits.second import Started
from console.coordinator.building import build
from console.coordinator.clock import SystemClock
from console.coordinator.identity import load_identity
from console.coordinator.reports.report import Report, report
from console.coordinator.server import server_of
from console.coordinator.settings import CoordinatorConfig, Limits, Practice, Served
from console.coordinator.store.schema import DATABASE
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.private_nats import PrivateNats
from console.engine.port import EngineError, Generated, GenerateRequest, Tokens
from console.fairness import check_draw, draw_bytes
from console.network.nats_wire import NatsDial
from console.network.port import Claim, LinkError
from console.network.websocket import dial_websocket
from console.network.wire import Dial, Wire
from console.protocol.canonical import ids_digest
from console.protocol.frames import (
    agreed,
    open_from_coordinator,
    peek_from_coordinator,
    result_bytes,
    seal,
    sign_in_bytes,
)
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.messages import (
    Ack,
    Cancel,
    Challenge,
    Chunk,
    EpochOpened,
    Failed,
    FromCoordinator,
    FromNode,
    Heartbeat,
    Opening,
    OpenRequest,
    Presence,
    Refused,
    ResultAnswered,
    SignIn,
    Welcome,
)
from console.protocol.session_key import Ephemeral, SessionKey
from console.protocol.types import USUAL_POLICY, Assignment, ModelOffer, Receipt, Result, Verdict
from console.verification.noise import job_seed

MODEL = "toy-model"
GROUP = GroupId(hashlib.sha256(b"toy weights").hexdigest())
POLICY = msgspec.structs.replace(
    USUAL_POLICY, heartbeat_s=1, slot_s=1, lease_s=20, max_tokens=64, bond_target=20_000, load_every_s=0
)
LIMITS = Limits(ack_s=5, grace_s=2, opening_s=5, reconnect_s=5, queue_wait_s=2, queued_comment_s=0.05)
CONFIG = CoordinatorConfig(
    network="test network",
    policy=POLICY,
    practice=Practice(open=True, client_deposit=1_000_000_000),
    limits=LIMITS,
)


class Running:
    """A coordinator that listens."""

    def __init__(
        self,
        home: Path,
        coordinator: Coordinator,
        engine: ScriptedEngine,
        second: Second,
        port: int,
        store_at: str = "",
        nats: PrivateNats | None = None,
    ) -> None:
        self.nats = nats
        self.where = store_at or home / DATABASE
        self.home = home
        self.coordinator = coordinator
        self.engine = engine
        self.second = second
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/net/v1/ws"
        self.nodes: list[FakeNode] = []

    @property
    def address(self) -> str:
        """Where its nodes dial."""
        return self.ws if self.nats is None else self.nats.address

    async def node(self, name: str = "reef", **options: Any) -> FakeNode:
        """A connected node that is in the roster."""
        node = FakeNode(self, name, **options)
        self.nodes.append(node)
        await node.connect()
        await until(lambda: node.key.node_id in self.coordinator.registry.roster(0))
        return node

    async def chat(self, content: str = "ahoy", **fields: Any) -> httpx.Response:
        """One request to the gateway."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": content}], "max_tokens": 8} | fields
        async with httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False) as client:
            return await client.post("/v1/chat/completions", json=body, headers=AUTH)

    def report(self) -> Report:
        """From the database."""
        return report(self.where)

    async def settled(self, jobs: int) -> Report:
        """The report once so many jobs are final."""
        await until(lambda: (r := self.report().jobs).received >= jobs and r.open == 0)
        found = self.report()
        assert found.ledger.sum == 0
        assert found.ledger.held == 0
        assert found.jobs.unpaid_accepted == found.jobs.paid_twice == 0
        return found


AUTH = {"authorization": "Bearer any key"}


class Second:
    """A second verifier that can be started. `fails`: it cannot be had."""

    def __init__(self, weights: str = "toy", *, fails: bool = False) -> None:
        self.engine = ScriptedEngine(weights)
        self.fails = fails
        self.starts = 0
        self.stops = 0

    async def start(self) -> Started:
        self.starts += 1
        if self.fails:
            raise EngineError("not_ready", "There is no room for it.")

        async def stop() -> None:
            self.stops += 1

        return Started(self.engine, self.engine.profile.class_id, stop)


@contextlib.asynccontextmanager
async def running(
    home: Path,
    config: CoordinatorConfig = CONFIG,
    engine: ScriptedEngine | None = None,
    second: Second | None = None,
    store_at: str = "",
    *,
    over_nats: bool = False,
) -> AsyncIterator[Running]:
    """Start, and stop at the end as SIGTERM would. `over_nats`: its nodes come over a server of their own."""
    reference, confirming = engine or ScriptedEngine(), second or Second()
    served = Served(MODEL, GROUP)
    start = confirming.start
    nats = PrivateNats([NatsKeys(load_identity(home, secrets.token_bytes))]) if over_nats else None
    if nats is not None:
        nats.start()
    where = store_at, nats.address if nats is not None else ""
    app = build(home, config, served, reference, SystemClock(), secrets.token_bytes, start, *where)
    server = server_of(app, "127.0.0.1", 0)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started or task.done())
    assert server.started, task.exception()
    run = Running(home, app.state.coordinator, reference, confirming, port_of(server), store_at, nats)
    try:
        await until(lambda: run.coordinator.reference.ready)
        yield run
    finally:
        for node in run.nodes:
            await node.drop()
        server.should_exit = True
        await asyncio.wait_for(task, 15)
        if nats is not None:
            nats.close()


def port_of(server: uvicorn.Server) -> int:
    """Where it listens."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


async def until(ready: Callable[[], Any], timeout_s: float = 20.0) -> None:
    """Wait for a fact; fails when it does not come."""
    async with asyncio.timeout(timeout_s):
        while not ready():
            await asyncio.sleep(0.01)


class FakeNode:
    """A node in one class. Switches make it misbehave; `manual` makes it do nothing by itself."""

    def __init__(
        self,
        run: Running,
        name: str,
        *,
        weights: str = "toy",
        manual: bool = False,
        key: SigningKey | None = None,
    ) -> None:
        self.key = key or SigningKey(secrets.token_bytes(32))
        self.engine = ScriptedEngine(weights)
        self.name = name
        self.manual = manual
        self.opens = True
        self.ready = True
        self.offer = ModelOffer(GROUP, MODEL, PROFILE.class_id, 2048, 100_000, 1)
        self.seen: list[FromCoordinator] = []
        self.blobs: dict[str, bytes] = {}
        self.results: dict[str, Result] = {}
        self._run = run
        self._wire: Wire | None = None
        self._dial: Dial = NatsDial() if run.address.startswith("nats") else dial_websocket
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: list[asyncio.Task[None]] = []
        self._counter = 0
        self.session = ""
        self.older = False
        """Knows of no session keys, and signs its frames."""
        self.agreed: SessionKey | None = None
        self.coordinator = ""
        self.seeds_roots: dict[int, str] = {}

    async def connect(self, forged: str | None = None, **changes: Any) -> Welcome | Refused:
        """Dial and sign in; `changes` to the signed sign-in message.

        `forged`: half of a key that somebody puts into it on its way; empty: takes out of it.
        """
        machine = f"machine of {self.key.node_id}"
        claim = Claim(self.name, "fake", machine, (self.offer,))
        self._wire = await self._dial(self._run.address, self.key, claim)
        _, challenge = peek_from_coordinator(await self._wire.receive())
        assert isinstance(challenge, Challenge)
        self.coordinator = challenge.coordinator
        self.agreed = None
        half = Ephemeral(secrets.token_bytes(32))
        public = "" if self.older else half.public
        claims = SignIn(
            challenge.nonce, self.key.node_id, self.name, "fake", machine, (self.offer,), "", public
        )
        claims = msgspec.structs.replace(claims, **changes)
        claims = msgspec.structs.replace(
            claims,
            signature=self.key.sign(sign_in_bytes(claims, self.coordinator)),
        )
        if forged is not None:
            claims = msgspec.structs.replace(claims, ephemeral=forged)
        await self._wire.send(seal(self.key, "to_coordinator", "", 0, claims).decode())
        _, answer = open_from_coordinator(await self._wire.receive(), self.coordinator, "", 0)
        if isinstance(answer, Welcome):
            self.session, self._counter = answer.session, 0
            if not self.older:
                self.agreed = agreed(half, challenge.ephemeral, challenge, self.key.node_id)
            self.seeds_roots[answer.epoch] = answer.seeds_root
            self._listening = [self._spawn(self._listen(self._wire))]
            self._spawn(self._beat())
        assert isinstance(answer, Welcome | Refused)
        return answer

    @property
    def connected(self) -> bool:
        """Whether its line is up, as far as it knows."""
        return any(not task.done() for task in self._listening)

    async def drop(self) -> None:
        """The line breaks."""
        if self._wire is not None:
            await self._wire.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send(self, message: FromNode) -> None:
        """One frame."""
        hand = self.agreed or self.key
        await self.send_raw(seal(hand, "to_coordinator", self.session, self._counter, message).decode())
        self._counter += 1

    async def send_raw(self, data: str | bytes) -> None:
        """Whatever it is."""
        assert self._wire is not None
        await self._wire.send(data)  # type: ignore[arg-type]

    def got(self, kind: type[Any], **fields: Any) -> list[Any]:
        """Messages of a kind that came, with those values."""
        return [
            m
            for m in self.seen
            if isinstance(m, kind) and all(getattr(m, name) == value for name, value in fields.items())
        ]

    async def wait(self, kind: type[Any], count: int = 1, **fields: Any) -> Any:
        """The last of `count` such messages."""
        await until(lambda: len(self.got(kind, **fields)) >= count)
        return self.got(kind, **fields)[count - 1]

    async def generate(self, assignment: Assignment, chunks: bool = True) -> Result | None:
        """The real work: keyed sampling, commitment, signature."""
        draw = draw_bytes(assignment.draw)
        digest = ids_digest(assignment.prompt_ids)
        seed = job_seed(draw, assignment.job, self.key.node_id, digest).hex()
        request = GenerateRequest(
            assignment.job,
            assignment.prompt_ids,
            seed,
            assignment.temperature_milli,
            assignment.max_tokens,
            assignment.stop,
            rules=assignment.rules,
        )
        async for event in self.engine.generate(request):
            if isinstance(event, Tokens) and chunks:
                ids = (assignment.job, assignment.attempt, assignment.fence)
                await self.send(Chunk(*ids, event.start, event.token_ids))
            elif isinstance(event, Generated):
                return self.result(assignment, event)
        return None

    def result(self, assignment: Assignment, made: Generated) -> Result:
        """Signed, and remembered with its blob."""
        self.blobs[assignment.job] = made.blob
        unsigned = Result(
            assignment.job,
            assignment.attempt,
            assignment.fence,
            self.key.node_id,
            assignment.group,
            ids_digest(assignment.prompt_ids),
            made.token_ids,
            made.finish_reason,
            assignment.profile,
            made.commitment,
            1,
            1,
            "",
        )
        return self.sign(unsigned)

    def sign(self, result: Result) -> Result:
        """With this node's key."""
        signed = msgspec.structs.replace(result, signature=self.key.sign(result_bytes(result)))
        self.results[result.job] = signed
        return signed

    async def work(self, assignment: Assignment) -> None:
        """What a good node does with an assignment."""
        root = self.seeds_roots[assignment.draw.ticket.epoch]
        checks = check_draw(
            assignment.draw, assignment.job, assignment.attempt, self.key.node_id, root, self.coordinator
        )
        assert all(check.ok for check in checks), checks
        ids = (assignment.job, assignment.attempt, assignment.fence)
        await self.send(Ack(*ids))
        try:
            result = await self.generate(assignment)
        except EngineError as error:
            await self.send(Failed(*ids, "node", error.code, error.sentence))
            return
        if result is None:
            await self.send(Failed(*ids, "node", "decode_failed", "It broke."))
            return
        await self.send(result)

    async def _react(self, message: FromCoordinator) -> None:
        if isinstance(message, EpochOpened):
            self.seeds_roots[message.epoch] = message.seeds_root
        if self.manual:
            return
        if isinstance(message, Assignment):
            self._spawn(self.work(message))
        elif isinstance(message, OpenRequest) and self.opens:
            await self.send(Opening(message.job, message.attempt, self.blobs.get(message.job, b"")))
        elif isinstance(message, Cancel):
            await self.engine.cancel(message.job)

    async def _listen(self, wire: Wire) -> None:
        after = -1
        with contextlib.suppress(LinkError):
            while True:
                after, message = open_from_coordinator(
                    await wire.receive(), self.agreed or self.coordinator, self.session, after
                )
                self.seen.append(message)
                await self._react(message)

    async def _beat(self) -> None:
        with contextlib.suppress(LinkError):
            while True:
                await self.send(Heartbeat(self.ready, "earning" if self.ready else "paused", 0, 1))
                await asyncio.sleep(0.3)

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


__all__ = [
    "AUTH",
    "CONFIG",
    "GROUP",
    "MODEL",
    "POLICY",
    "FakeNode",
    "Presence",
    "Receipt",
    "ResultAnswered",
    "Running",
    "Second",
    "Verdict",
    "running",
    "until",
]
