"""The coordinator's machine: starts the real coordinator on the disk, kills it, stops it, starts it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.websockets import WebSocket

from console.coordinator.app import Coordinator
from console.coordinator.audits.second import SecondVerifier, Started
from console.coordinator.parts import Parts
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.store import StoreError
from console.coordinator.transport.hub import PATH, hub
from console.engine.port import EngineError
from simulation.clock import SimulatedClock
from simulation.disk import Disk, DiskReader, SimulatedStore
from simulation.loop import Process, SimulatedLoop
from simulation.model import GROUP, MODEL, PROFILE, Verifier
from simulation.network import Exchange, Line, LineBrokenError
from simulation.signatures import key_of
from simulation.trace import Trace

SEEDS_PER_EPOCH = 32
_AGAIN_S = 1.0
_SHUTDOWN_S = 3.0
KEY = key_of("coordinator")
IDENTITY = bytes(range(32))


class Host:
    """At most one coordinator at a time."""

    def __init__(
        self,
        loop: SimulatedLoop,
        disk: Disk,
        trace: Trace,
        config: CoordinatorConfig,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.clock = SimulatedClock(loop)
        self.reference, self.second = Verifier(), Verifier()
        self.coordinator: Coordinator | None = None
        self.lives = 0
        self._loop = loop
        self._disk = disk
        self._trace = trace
        self._config = config
        self._entropy = entropy
        self._process = Process(loop)
        self._stop = asyncio.Event()
        self._store: SimulatedStore | None = None
        self._lines: list[Line] = []
        self._exchanges: list[Exchange] = []
        self._dead: list[Process] = []

    @property
    def up(self) -> bool:
        """Whether a coordinator listens."""
        return self.coordinator is not None

    @property
    def parts(self) -> Parts:
        """With which a coordinator works here."""
        self._store = SimulatedStore(self._disk)
        served, secrets = Served(MODEL, GROUP), Secrets(IDENTITY)
        return Parts(self._config, served, KEY, secrets, self._store, self.clock, self._entropy)

    def start(self) -> None:
        """Power on. A start that fails is tried again, as a service manager does."""
        self._process = Process(self._loop)
        self._process.spawn(self._serve())

    def kill(self) -> None:
        """SIGKILL: connections break, what is in memory is gone."""
        self._trace.note("coordinator-killed")
        self.coordinator = None
        if self._store is not None:
            self._store.die()
        self._process.kill()
        self._dead.append(self._process)
        self._hang_up()

    async def stop(self) -> None:
        """SIGTERM: it winds up."""
        self._trace.note("coordinator-stopped")
        self._stop.set()
        while self._process.alive:
            await asyncio.sleep(0.05)
        self._hang_up()

    def dial(self, line: Line) -> None:
        """A node connects. Raises LineBrokenError: nobody listens."""
        if self.coordinator is None:
            raise LineBrokenError
        self._lines.append(line)
        scope = {"type": "websocket", "path": PATH, "headers": [], "query_string": b""}
        socket = WebSocket(scope, line.receive, line.send)  # type: ignore[arg-type]
        self._process.spawn(hub(self.coordinator.door.serve).endpoint(socket))

    def ask(self, exchange: Exchange) -> None:
        """A client's request comes in."""
        if self.coordinator is None:
            exchange.breaks()
            return
        self._exchanges.append(exchange)
        self._process.spawn(self._answer(self.coordinator, exchange))

    def reveal(self, job: str, nonce: str) -> None:
        """A client reveals its nonce, if anybody listens."""
        if self.coordinator is not None:
            self.coordinator.dispatch.reveal(job, nonce)

    def forgotten(self) -> bool:
        """Whether nothing of a killed coordinator runs on."""
        return not any(process.alive for process in self._dead)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        while True:
            given = (self.parts, self.reference, self._verifier(), DiskReader(self._disk))
            coordinator = Coordinator(*given, seeds=SEEDS_PER_EPOCH)  # type: ignore[arg-type]
            self.lives += 1
            try:
                async with coordinator.lifespan(None):  # type: ignore[arg-type]
                    self.coordinator = coordinator
                    self._trace.note("coordinator-up", str(coordinator.epochs.number))
                    await self._stop.wait()
                    await self._wind_up(coordinator)
                return
            except StoreError:
                self._trace.note("coordinator-start-failed")
                await asyncio.sleep(_AGAIN_S)

    async def _wind_up(self, coordinator: Coordinator) -> None:
        """As `coordinator.server`: clients are told, lines end and are waited for, then the lifespan ends."""
        self.coordinator = None
        await coordinator.wind_up()
        for line in self._lines:
            line.end()
        until_s = self._loop.time() + _SHUTDOWN_S
        while self._loop.time() < until_s and not all(e.over.is_set() for e in self._exchanges):
            await asyncio.sleep(0.05)

    def _verifier(self) -> SecondVerifier:
        async def start() -> Started:
            if self.second.away:
                raise EngineError("not_ready", "There is no room for it.")

            async def stop() -> None:
                """Nothing is held."""

            return Started(self.second, PROFILE.class_id, stop)  # type: ignore[arg-type]

        return SecondVerifier(start, self.clock, self._config.verifiers.idle_s)

    async def _answer(self, coordinator: Coordinator, exchange: Exchange) -> None:
        request = Request(exchange.scope, exchange.receive)  # type: ignore[arg-type]
        try:
            response = await coordinator.gateway.chat(request)
            await response(exchange.scope, exchange.receive, exchange.send)  # type: ignore[arg-type]
        finally:
            exchange.breaks()

    def _hang_up(self) -> None:
        for line in self._lines:
            line.die()
        for exchange in self._exchanges:
            exchange.breaks()
        self._lines, self._exchanges = [], []
