"""The launcher for our own engine process: what supervision asks, in the engine room's words."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import psutil

from console.agent.supervision.ports import Proof
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch
from console.engine.launch import EngineProcess as Process
from console.engine.port import Engine
from console.engine.probe import load_and_generate
from console.settings.config import EngineConfig
from console.settings.paths import socket_path


class LlamaProcess:
    """A running engine process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> str:
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
    """Starts `console.engine.process` for one model file."""

    def __init__(self, home: Path, model: Path, config: EngineConfig, context: int) -> None:
        """`context`: tokens for one sequence, at most what the model was trained for."""
        socket = socket_path(home, "engine")
        threads = config.threads or psutil.cpu_count(logical=False) or 1
        self.engine: Engine = LlamaEngine(socket)
        self._launch = EngineLaunch(model, socket, context, threads, config.gpu_layers, home / "engine.log")

    async def launch(self) -> LlamaProcess:
        """Start the process. Raises EngineError when that is impossible."""
        return LlamaProcess(await self._launch.start())

    async def prove(self) -> Proof:
        """Load-and-generate. Raises EngineError."""
        probed = await load_and_generate(self.engine)
        return Proof(probed.milli_tokens_per_s, probed.first_token_ms)
