"""Starting an engine process, waiting for it, and saying in words how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from console.engine.port import Engine, EngineError, Health
from console.engine.process.causes import ExitCode

LOG_BYTES_LIMIT = 1 << 20
"""A longer log is begun anew when an engine starts."""
TAIL_BYTES = 4096
SOCKET_PATH_BYTES = 100
"""Unix socket addresses hold 104 bytes on macOS and 108 on Linux."""
_POLL_S = 0.05


class EngineProcess:
    """A running engine process. Its standard input stays open here: when this end goes, it ends itself."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        """`log`: where the process writes its log."""
        self._process = process
        self._log = log

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

    def ended(self) -> str:
        """How it ended, in words; empty while it runs."""
        code = self._process.returncode
        return "" if code is None else exit_sentence(code, log_tail(self._log))


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
        options = {
            "--model": self.model,
            "--socket": self.socket,
            "--context": self.context,
            "--threads": self.threads,
            "--gpu-layers": self.gpu_layers,
            "--slots": self.slots,
            "--log": self.log,
            "--local": self.local,
        }
        if self.local_port is not None and self.local_key_file is not None:
            options |= {"--local-port": self.local_port, "--local-key-file": self.local_key_file}
        words = [word for name, value in options.items() for word in (name, str(value))]
        return (sys.executable, "-P", "-m", "console.engine.process", *words)

    def environment(self) -> dict[str, str]:
        """The parent's, with what the numerics and a quiet start need."""
        return os.environ | {"GGML_CPU_TILED_MM": "0", "PYTHONUNBUFFERED": "1"}

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
            _trim(self.log)
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
        return EngineProcess(process, self.log)


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
    raise EngineError("not_ready", process.ended())


def exit_sentence(returncode: int, tail: str) -> str:
    """What became of an engine process, for the operator. `tail`: the end of its log."""
    if returncode < 0:
        return _signal_sentence(-returncode, tail)
    if returncode == 0:
        return "The engine ended because it was told to."
    if returncode in (ExitCode.MODEL, ExitCode.MEMORY, ExitCode.ADDRESS):
        return _last_line(tail) or f"The engine ended with code {returncode}."
    if "No module named 'llama_cpp'" in tail:
        return "llama-cpp-python is not installed, so no model can be served. Install it; `doctor` says how."
    return f"The engine ended with code {returncode}. Its log says why."


def log_tail(log: Path) -> str:
    """The end of a log, empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return file.read(TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _signal_sentence(number: int, tail: str) -> str:
    if number == signal.SIGKILL:
        return "The engine was killed (kill -9, or the system's out-of-memory killer)."
    if number == signal.SIGABRT:
        memory = "bad_alloc" in tail or "out of memory" in tail.lower()
        return (
            "The engine ran out of memory and aborted."
            if memory
            else "llama.cpp aborted on an internal check; its words are in the engine's log."
        )
    faults = {
        signal.SIGSEGV: "crashed on a memory fault; the model's file or the memory may be bad",
        signal.SIGBUS: "lost the model's file under it: it was cut short, or its disk failed",
        signal.SIGILL: "met an instruction that this CPU lacks; llama-cpp-python was built for another one",
        signal.SIGTERM: "was asked to end before it could say goodbye",
    }
    try:
        what = faults.get(signal.Signals(number), f"was ended by {signal.Signals(number).name}")
    except ValueError:
        what = f"was ended by signal {number}"
    return f"The engine {what}."


def _last_line(tail: str) -> str:
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return lines[-1] if lines else ""


async def _health(engine: Engine) -> Health | None:
    try:
        return await engine.health()
    except EngineError:
        return None


def _trim(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.fstat(descriptor).st_size > LOG_BYTES_LIMIT:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
