"""The launcher for our own engine process: what supervision asks, in the engine room's words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic as _clock

import psutil

from console.agent.prospect import look
from console.agent.supervision.ports import Proof
from console.engine.client import LlamaEngine
from console.engine.ending import Ended
from console.engine.launch import EngineLaunch
from console.engine.launch import EngineProcess as Process
from console.engine.plan import Learned, Machine, Plan, Weights, Wishes, make_plan
from console.engine.port import Engine, EngineError
from console.engine.probe import Probed, load_and_generate
from console.engine.probe_slots import Helping, slots_that_help
from console.models import GgufError, read_gguf
from console.models.memory import cache_bytes_per_token
from console.settings.config import EngineConfig
from console.settings.paths import socket_path

LOCAL_KEY = "local.key"
STARVED = 0.7
"""Threads that got less than this share of their cores' time waited for them. Spinning ones that have their
cores get nearly all of it."""


class LlamaProcess:
    """A running engine process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> Ended:
        """Wait for its end, and say how it ended."""
        await self._process.wait()
        return self._process.ended()

    def kill(self) -> None:
        """SIGKILL, without waiting."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL, and reap."""
        await self._process.stop(5.0)


class LlamaLauncher:
    """Starts `console.engine.process` for one model file, each time as planned then."""

    def __init__(
        self, home: Path, model: Path, config: EngineConfig, look: Callable[..., Machine] = look
    ) -> None:
        """`look`: at the machine; see `prospect.look`."""
        self._home = home
        self._model = model
        self._config = config
        self._look = look
        self._socket = socket_path(home, "engine")
        self._process: LlamaProcess | None = None
        self._learned = Learned()
        self.engine: Engine = LlamaEngine(self._socket)
        self.plan: Plan | None = None

    async def launch(self, learned: Learned) -> LlamaProcess:
        """Plan, and start the process. Raises OSError or EngineError when that is impossible."""
        self._learned = learned
        self.plan = plan = await asyncio.to_thread(self._plan, learned)
        config, key = self._config, None
        if config.local_port:
            key = await asyncio.to_thread(_local_key, self._home)
        launch = EngineLaunch(
            model=self._model,
            socket=self._socket,
            context=plan.context,
            threads=plan.threads,
            gpu_layers=plan.gpu_layers,
            log=self._home / "engine.log",
            slots=plan.slots,
            local=config.local_priority,
            local_port=config.local_port or None,
            local_key_file=key,
        )
        self._process = LlamaProcess(await launch.start())
        return self._process

    async def prove(self) -> Proof:
        """Load-and-generate, and what it shows of threads and slots. Raises EngineError."""
        assert self.plan is not None
        assert self._process is not None
        probed, starved = await _watched(self.engine, self._process.pid, self.plan.threads)
        if self._config.threads or self._learned.threads_tried:
            starved = ""
        helping = Helping(self._learned.slots, self._learned.slots_because)
        if not (self._config.slots or starved or helping.because):
            helping = await slots_that_help(self.engine, self.plan.slots, probed.milli_tokens_per_s)
        return Proof(
            probed.milli_tokens_per_s, probed.first_token_ms, helping.slots, helping.because, starved
        )

    def _plan(self, learned: Learned) -> Plan:
        config = self._config
        machine = self._look(threads=not config.threads, gpus=config.gpu_layers != 0)
        wishes = Wishes(config.context, config.threads, config.gpu_layers, config.slots)
        return make_plan(machine, weights_of(self._model), wishes, learned)


def weights_of(model: Path) -> Weights:
    """What the header of the file says. Raises EngineError, `not_ready`."""
    try:
        info = read_gguf(model)
    except GgufError as error:
        raise EngineError("not_ready", str(error)) from None
    return Weights(
        size_bytes=info.expected_bytes,
        layers=info.layers,
        cache_bytes_per_token=int(cache_bytes_per_token(info)),
        embedding=info.embedding_length,
        feed_forward=info.feed_forward_length,
        vocabulary=info.vocabulary,
        trained_context=info.context_length,
    )


async def _watched(engine: Engine, pid: int, threads: int) -> tuple[Probed, str]:
    """The probe, and what speaks for fewer threads: the cores' time that the process got meanwhile."""
    before, started = _cpu_s(pid), _clock()
    probed = await load_and_generate(engine)
    after, took_s = _cpu_s(pid), _clock() - started
    if threads < 2 or before is None or after is None or took_s <= 0:
        return probed, ""
    got = (after - before) / took_s
    if got >= STARVED * threads:
        return probed, ""
    return probed, f"{threads} threads got the time of {got:.1f} cores"


def _cpu_s(pid: int) -> float | None:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def _local_key(home: Path) -> Path:
    """The key that the operator's own programs must send; made once, for this user alone."""
    path = home / LOCAL_KEY
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    return path
