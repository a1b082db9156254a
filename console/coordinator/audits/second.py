"""The second verifier: an engine of its own, started at a suspicion, ended when it idles."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from console.coordinator.clock import Clock
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, wait_ready
from console.engine.port import Engine, EngineError, Scored, ScoreRequest
from console.settings.paths import socket_path

log = logging.getLogger(__name__)
_LOAD_S = 600.0
_OTHER = EngineError("not_ready", "The second verifier's numerics are of another class than the first one's.")


@dataclass(frozen=True, slots=True)
class Started:
    """A verifier that answers. `profile`: class id of its numerics, empty where its self-test failed."""

    engine: Engine
    profile: str
    stop: Callable[[], Awaitable[None]]


Start = Callable[[], Awaitable[Started]]
"""Starts a verifier. Raises EngineError."""


class SecondVerifier:
    """Costs no memory until the first suspicion, and none any more `idle_s` after the last."""

    def __init__(self, start: Start, clock: Clock, idle_s: float) -> None:
        self._start = start
        self._clock = clock
        self._idle_s = idle_s
        self._turn = asyncio.Lock()
        self._started: Started | None = None
        self._using = 0
        self._used_s = 0.0

    @property
    def running(self) -> bool:
        """Whether it holds a model now."""
        return self._started is not None

    async def score(self, profile: str, request: ScoreRequest) -> Scored:
        """The candidates as a verifier of class `profile` computes them by itself.

        Raises:
            EngineError: it cannot be started, fails, or its numerics are of another class.
        """
        self._using += 1
        try:
            started = await self._ready()
            if started.profile != profile:
                raise _OTHER
            try:
                return await started.engine.score(request)
            except EngineError as error:
                if error.code == "unreachable":
                    await self._end(started)
                raise
        finally:
            self._using -= 1
            self._used_s = self._clock.tick_s()

    async def rest(self) -> None:
        """End it when nothing was to be confirmed for long."""
        started = self._started
        if started and not self._using and self._clock.tick_s() - self._used_s >= self._idle_s:
            log.info("the second verifier idles and is ended")
            await self._end(started)

    async def close(self) -> None:
        """End it, whatever it does."""
        if self._started is not None:
            await self._end(self._started)

    async def _ready(self) -> Started:
        async with self._turn:
            if self._started is None:
                log.info("the second verifier is started: a mismatch is to be confirmed")
                self._started = await self._start()
            return self._started

    async def _end(self, started: Started) -> None:
        async with self._turn:
            if self._started is started:
                self._started = None
                await started.stop()


def starter(first: EngineLaunch, home: Path) -> Start:
    """Starts a second engine beside `first`: the same weights in another process, on one thread.

    One thread, since several that wait for each other are many times slower on a busy machine, and suspicion
    comes when it is busy. How the work is split into batches differs by what is asked (`questions.shifted`).
    """
    launch = dataclasses.replace(
        first,
        socket=socket_path(home, "second"),
        log=home / "second.log",
        threads=1,
    )

    async def start() -> Started:
        process = await launch.start()
        engine = LlamaEngine(launch.socket)

        async def stop() -> None:
            await engine.close()
            if process.returncode is None:
                await process.stop()

        try:
            health = await wait_ready(engine, process, _LOAD_S)
        except BaseException:
            await stop()
            raise
        profile = health.profile
        fit = profile is not None and profile.self_test
        return Started(engine, profile.class_id if profile is not None and fit else "", stop)

    return start
