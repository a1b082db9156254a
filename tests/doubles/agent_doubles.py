"""Doubles for the agent's tests: a launcher around ScriptedEngine, and a scripted coordinator on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from console.agent.daemon import Agent, Parts
from console.agent.model import ModelFile
from console.agent.supervision.ports import Proof
from console.control.link import Link
from console.control.state import NodeState
from console.engine.ending import Ended
from console.engine.plan import Learned, Machine, Plan, Weights, Wishes, make_plan
from console.fairness import EpochSeeds, Roster, pick
from console.hardware.checks import Look
from console.hardware.facts import Cpu, HardwareReport, Runtime
from console.protocol.frames import (
    open_from_node,
    peek_from_node,
    presence_bytes,
    receipt_bytes,
    seal,
    sign_in_bytes,
    ticket_bytes,
)
from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId, SessionId
from console.protocol.keys import SigningKey, verify
from console.protocol.messages import (
    Challenge,
    FromNode,
    Heartbeat,
    Presence,
    SignIn,
    Welcome,
)
from console.protocol.types import (
    Assignment,
    Balances,
    DrawProof,
    Policy,
    Posting,
    Receipt,
    Result,
    Ticket,
    Transaction,
    Verdict,
)
from console.settings.config import Config, EngineConfig, NodeConfig
from console.settings.paths import socket_path
from doubles.engine_double import ScriptedEngine

GROUP = GroupId(hashlib.sha256(b"toy").hexdigest())
POLICY = Policy(heartbeat_s=1)
SEEDS = EpochSeeds(b"s" * 32)
PLENTY = Machine(8, 4, 8.0, 0.0, 8 << 30)
TOY = Weights(1 << 20, 2, 64, 64, 64, 272, 2048)
BARE_LOOK = Look(HardwareReport(1, Cpu("toy", 2), None, (), (), Runtime(available=False)), (3, 11), {})
"""What a survey of the machine comes to, without the seconds that a real one takes."""


class ScriptedProcess:
    """A process that exists only as an event: `die` is its kill -9."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine
        self._ended = asyncio.Event()
        self._end = Ended("The engine ended because it was told to.")
        self.pid = 1
        engine.gone = False

    async def wait(self) -> Ended:
        """Its end."""
        await self._ended.wait()
        return self._end

    def kill(self) -> None:
        """SIGKILL."""
        self.end(Ended("The engine was killed."))

    def end(self, end: Ended) -> None:
        """Any end."""
        self._end = end
        self._engine.gone = True
        self._ended.set()

    async def stop(self) -> None:
        """SIGTERM."""
        self._engine.gone = True
        self._ended.set()


class ScriptedLauncher:
    """Starts scripted processes around one ScriptedEngine."""

    def __init__(self, engine: ScriptedEngine | None = None) -> None:
        self.engine = engine or ScriptedEngine()
        self.process: ScriptedProcess | None = None
        self.launches = 0
        self.plan: Plan | None = None
        self.proof = Proof(50_000, 5)

    async def launch(self, learned: Learned) -> ScriptedProcess:
        """A new process, planned for a machine with plenty of everything, with the engine's slots."""
        self.launches += 1
        wishes = Wishes(context=self.engine.context, slots=self.engine.slots)
        self.plan = make_plan(PLENTY, TOY, wishes, learned)
        self.process = ScriptedProcess(self.engine)
        return self.process

    async def prove(self) -> Proof:
        """Always passes."""
        return self.proof


class ScriptedCoordinator:
    """The network's side of the wire, told by the test what to say; everything it hears is kept."""

    def __init__(self, key: SigningKey | None = None) -> None:
        self.key = key or SigningKey(b"c" * 32)
        self.heard: list[FromNode] = []
        self.signed_in = asyncio.Event()
        self.sign_ins: list[SignIn] = []
        self.sockets = 0
        self.at_challenge: Callable[[ServerConnection], Awaitable[None]] | None = None
        self.answer_sign_in: object | None = None
        self._news = asyncio.Condition()
        self._server: Server | None = None
        self._socket: ServerConnection | None = None
        self._session = ""
        self._counter = 0
        self._drawn = 0
        self.port = 0

    async def start(self, port: int = 0) -> str:
        """Listen; the address."""
        self._server = await serve(self._serve, "127.0.0.1", port, max_size=4 << 20)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{self.port}/net/v1/ws"

    async def stop(self) -> None:
        """As after a crash: every connection is cut."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def cut(self) -> None:
        """Cut the node's connection."""
        assert self._socket is not None
        self.signed_in.clear()
        await self._socket.close()

    async def say(self, body: object) -> None:
        """Send `body` in the node's session; after a cut, in the one that the node begins then."""
        async with asyncio.timeout(20):
            await self.signed_in.wait()
        assert self._socket is not None
        frame = seal(self.key, "to_node", self._session, self._counter, body).decode()
        self._counter += 1
        await self._socket.send(frame)

    async def say_raw(self, data: str) -> None:
        """Send bytes of any kind."""
        assert self._socket is not None
        await self._socket.send(data)

    async def hears(
        self, kind: type, where: Callable[..., bool] = lambda m: True, count: int = 1, *, each: bool = False
    ) -> list:  # type: ignore[type-arg]
        """Wait until `count` messages of `kind` that satisfy `where` were heard; them.

        A result that came again, as it does until it is answered, is the same one, unless `each` counts.
        """

        def found() -> list[FromNode]:
            heard = [m for m in self.heard if isinstance(m, kind) and where(m)]
            return list(dict.fromkeys(heard)) if kind is Result and not each else heard

        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(found()) >= count)
        return found()

    def assignment(self, node: NodeId, prompt: tuple[int, ...] = (5, 6, 7), **changes: object) -> Assignment:
        """A job that was really drawn: one node in the roster, so the draw falls on it."""
        job, k = JobId(secrets.token_hex(16)), self._drawn
        self._drawn += 1
        roster = Roster((node,))
        ticket = Ticket(job, k, 1, roster.root, 1, 1)
        seed, path = SEEDS.reveal(k)
        nonce = secrets.token_hex(16)
        index = pick(seed, nonce, job, roster.root, 1, 1).index
        signature = self.key.sign(ticket_bytes(ticket))
        draw = DrawProof(ticket, signature, nonce, seed, path, index, roster.path(index))
        plain = Assignment(
            job=job,
            attempt=1,
            fence=1,
            group=GROUP,
            prompt_ids=prompt,
            temperature_milli=700,
            max_tokens=24,
            stop=(),
            profile="",
            lease_s=60,
            reward_rate=500,
            draw=draw,
        )
        return msgspec.structs.replace(plain, **changes)

    def verdict(self, result: Result, outcome: str = "accepted") -> Verdict:
        """A verdict on `result`."""
        tokens = len(result.token_ids)
        return Verdict(
            EvidenceId(secrets.token_hex(16)),
            result.job,
            result.attempt,
            result.node,
            outcome,  # type: ignore[arg-type]
            "recompute_exact",
            tokens,
            0,
            -1,
            "exact",
            1,
        )

    def receipt(self, result: Result, verdict: Verdict, prompt_tokens: int = 3) -> Receipt:
        """The receipt of an accepted result."""
        reward = (prompt_tokens + len(result.token_ids)) * 500
        moves = (
            Posting(f"escrow:{result.job}", NanoCredits(-reward)),
            Posting(f"node:{result.node}:pending", NanoCredits(reward)),
        )
        unsigned = Receipt(
            result.job,
            result.attempt,
            result.node,
            "accepted",
            prompt_tokens,
            len(result.token_ids),
            NanoCredits(reward),
            NanoCredits(0),
            verdict.id,
            Transaction(f"pay:{result.job}", 1, moves),
            Balances(pending=NanoCredits(reward)),
            "",
        )
        return msgspec.structs.replace(unsigned, signature=self.key.sign(receipt_bytes(unsigned)))

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets += 1
        try:
            if self.at_challenge is not None:
                await self.at_challenge(socket)
                return
            await self._greet(socket)
        except ConnectionClosed:
            return

    async def _greet(self, socket: ServerConnection) -> None:
        challenge = Challenge(secrets.token_hex(16), self.key.node_id, "test network", 1, POLICY)
        await socket.send(seal(self.key, "to_node", "", 0, challenge).decode())
        _, sign_in = peek_from_node(await socket.recv())
        assert isinstance(sign_in, SignIn)
        assert sign_in.nonce == challenge.nonce
        assert verify(sign_in.node, sign_in_bytes(sign_in, self.key.node_id), sign_in.signature)
        self.sign_ins.append(sign_in)
        session = SessionId(secrets.token_hex(16))
        welcome = self.answer_sign_in or Welcome(session, 1, SEEDS.root, Balances(), 0, 0)
        await socket.send(seal(self.key, "to_node", "", 1, welcome).decode())
        if self.answer_sign_in is not None:
            await socket.wait_closed()
            return
        self._socket, self._session, self._counter = socket, session, 0
        self.signed_in.set()
        await self._listen(socket, sign_in.node, session)

    async def _listen(self, socket: ServerConnection, node: NodeId, session: str) -> None:
        last = -1
        async for data in socket:
            last, message = open_from_node(data, node, session, last)
            if isinstance(message, Heartbeat):
                await self.say(self.presence(message))
            async with self._news:
                self.heard.append(message)
                self._news.notify_all()

    def presence(self, beat: Heartbeat) -> Presence:
        """The answer to a heartbeat."""
        plain = Presence(1, GROUP, "00" * 32, 1, True, None, 0, 0, 0, 0, beat.sent_ms, 1, "")
        return msgspec.structs.replace(plain, signature=self.key.sign(presence_bytes(plain)))


class RunningAgent:
    """An agent in this process, with doubles for engine and model."""

    def __init__(
        self,
        home: Path,
        address: str,
        launcher: ScriptedLauncher | None = None,
        *,
        token_timeout_s: float = 5.0,
    ) -> None:
        self.home = home
        self.launcher = launcher or ScriptedLauncher()
        config = Config(NodeConfig("tester", address), EngineConfig(token_timeout_s=token_timeout_s))
        model = ModelFile(home / "toy.gguf", "toy", GROUP, 2048)
        parts = Parts(
            model=lambda h, c: model, launcher=lambda h, m, c: self.launcher, survey=lambda folders: BARE_LOOK
        )
        self.agent = Agent(home, config, parts=parts)
        self.link = Link(socket_path(home, "agent"))
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> NodeState:
        """What the clients see."""
        return self.agent.board.state

    async def start(self) -> None:
        """Until the control socket answers. Raises what the agent raises."""
        ready = asyncio.Event()
        self._task = asyncio.create_task(self.agent.run(ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """Gracefully."""
        assert self._task is not None
        self.agent.stop()
        await self._task

    async def crash(self) -> None:
        """Without a chance to say or write anything more."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})

    async def until(self, condition: Callable[[NodeState], bool]) -> NodeState:
        """Wait until the state satisfies `condition`."""
        changed = asyncio.Event()
        unlisten = self.agent.board.listen(lambda delta: changed.set())
        try:
            async with asyncio.timeout(20):
                while not condition(self.state):
                    changed.clear()
                    await changed.wait()
        finally:
            unlisten()
        return self.state
