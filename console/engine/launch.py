"""Starting an engine process, and waiting until it is ready or has ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from console.engine.ending import Ended, ended, log_tail, oom_kills
from console.engine.port import Engine, EngineError, Health

LOG_BYTES_LIMIT = 1 << 20
"""A longer log is begun anew when an engine starts."""
SOCKET_PATH_BYTES = 100
"""Unix socket addresses hold 104 bytes on macOS and 108 on Linux."""
_POLL_S = 0.05


class EngineProcess:
    """A running engine process. Its standard input stays open here: when this end goes, it ends itself."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, log_start: int = 0) -> None:
        """`log`: where the process writes its log, from byte `log_start` on."""
        self._process = process
        self._log = log
        self._log_start = log_start
        self._oom_kills = oom_kills()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """An `ExitCode` of the process, negative for a signal, None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Exit code, once it has ended."""
        return await self._process.wait()

    async def stop(self, grace_s: float = 8.0) -> int:
        """Ask it to end, kill it when it does not within `grace_s`; its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            return await asyncio.wait_for(self._process.wait(), grace_s)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End it at once; its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        return await self._process.wait()

    def ended(self) -> Ended:
        """How it ended; without words while it runs."""
        code = self._process.returncode
        if code is None:
            return Ended("")
        tail = log_tail(self._log, self._log_start)
        return ended(code, tail, system_killed=oom_kills() > self._oom_kills)


@dataclass(frozen=True, slots=True)
class EngineLaunch:
    """All that it takes to start an engine, again and again."""

    model: Path
    socket: Path
    """In a folder that only this user may enter."""
    context: int
    threads: int
    gpu_layers: int
    log: Path
    slots: int = 1
    """Sequences that run at once, each with `context` tokens of its own."""
    local: str = "equal"
    """Where the operator's own requests stand beside the network's: first, equal, last."""
    local_port: int | None = None
    """Loopback port for the operator's own programs; None: none is open. It needs `local_key_file`."""
    local_key_file: Path | None = None

    def command(self) -> tuple[str, ...]:
        """The command line; `-P`, so that no file of the folder one happens to be in is imported."""
        options: dict[str, Path | int | str] = {
            "--model": self.model,
            "--socket": self.socket,
            "--context": self.context,
            "--threads": self.threads,
            "--gpu-layers": self.gpu_layers,
            "--slots": self.slots,
            "--log": self.log,
        }
        if self.local_port is not None and self.local_key_file is not None:
            options |= {
                "--local": self.local,
                "--local-port": self.local_port,
                "--local-key-file": self.local_key_file,
            }
        words = [word for name, value in options.items() for word in (name, str(value))]
        return (sys.executable, "-P", "-m", "console.engine.process", *words)

    def environment(self) -> dict[str, str]:
        """The parent's, with what the numerics and a quiet start need.

        Without GGML_NO_BACKTRACE an abort would start a debugger, which takes seconds and writes into the
        log what it finds on the stack.
        """
        quiet = {"PYTHONUNBUFFERED": "1", "GGML_NO_BACKTRACE": "1"}
        return os.environ | quiet | {"GGML_CPU_TILED_MM": "0"}

    async def start(self) -> EngineProcess:
        """Start the process; it loads by itself.

        Raises:
            EngineError: `not_ready`, the process cannot be started at all.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            raise EngineError(
                "not_ready",
                f"The path of the engine's socket is too long: {self.socket}. Use a shorter folder.",
            )
        try:
            log_start = _trim(self.log)
            with self.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *self.command(),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=self.environment(),
                    start_new_session=False,
                )
        except OSError as error:
            raise EngineError(
                "not_ready", f"The engine's process cannot be started: {error.strerror or error}."
            ) from None
        return EngineProcess(process, self.log, log_start)


async def wait_ready(engine: Engine, process: EngineProcess, timeout_s: float) -> Health:
    """Health of the engine once its model is loaded and tested.

    Raises:
        EngineError: `not_ready`, with why: it failed, it ended, or it took longer than `timeout_s`.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while process.returncode is None:
                health = await _health(engine)
                if health is not None and health.pid == process.pid:
                    if health.state == "ready":
                        return health
                    if health.state == "failed":
                        raise EngineError("not_ready", health.sentence)
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise EngineError("not_ready", f"The engine was not ready after {timeout_s:.0f} s.") from None
    raise EngineError("not_ready", process.ended().sentence)


async def _health(engine: Engine) -> Health | None:
    try:
        return await engine.health()
    except EngineError:
        return None


def _trim(log: Path) -> int:
    """Begin a long log anew; its size then."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.fstat(descriptor).st_size > LOG_BYTES_LIMIT:
            os.ftruncate(descriptor, 0)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
