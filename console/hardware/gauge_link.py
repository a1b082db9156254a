"""The parent's end of the gauges process: a deadline per reading, restarts with growing pauses.

A driver that hangs shows as `lost` with blank gauges, never as the numbers of before. Where there is no
GPU, no process is kept: one look, and the next after `RESCAN_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence

from msgspec import Struct

from .facts import Gpu, GpuState, lost
from .isolate import ANSWER_LIMIT, environment
from .judge_gpu import gpus as judge_gpus

READING_S = 1.0
"""Deadline of one reading. NVML answers a dozen questions about a healthy card in milliseconds."""

START_S = 20.0
"""Deadline of a process's first reading, which wakes the driver up; samples do not wait for it."""

BACKOFF_FIRST_S = 2.0
BACKOFF_LAST_S = 512.0
RESCAN_S = 300.0

COMMAND = (sys.executable, "-P", "-m", "console.hardware.gauges")


class Gauges(Struct, frozen=True):
    """What is known of the GPUs at this reading."""

    state: GpuState
    gpus: tuple[Gpu, ...] = ()


class GaugeLink:
    """Reads gauges from a child; owned by one task, which calls `read` and finally `close`."""

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        reading_s: float = READING_S,
        start_s: float = START_S,
    ) -> None:
        self._command = tuple(command)
        self._reading_s = reading_s
        self._start_s = start_s
        self._child: asyncio.subprocess.Process | None = None
        self._pending: asyncio.Task[bytes] | None = None
        self._ending: asyncio.Task[int] | None = None
        self._answered = False
        self._started_s = 0.0
        self._next_start_s = float("-inf")
        self._backoff_s = BACKOFF_FIRST_S
        self._known: tuple[Gpu, ...] = ()
        self._state: GpuState = "none"

    @property
    def running(self) -> bool:
        """Whether a child process is held."""
        return self._child is not None

    async def read(self, now_s: float) -> Gauges:
        """Gauges at `now_s` (the caller's clock, seconds); takes at most the reading's deadline."""
        if self._child is None and not await self._start(now_s):
            return self._blank()
        try:
            line = await self._line()
        except TimeoutError:
            return self._late(now_s)
        except (OSError, ValueError, EOFError):
            return self._failed(now_s)
        return self._heard(line, now_s)

    async def _start(self, now_s: float) -> bool:
        """Start the child when its time has come and no killed one is still stuck in a driver."""
        if now_s < self._next_start_s or (self._ending is not None and not self._ending.done()):
            return False
        try:
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment(),
                limit=ANSWER_LIMIT,
                start_new_session=True,
            )
        except OSError:
            self._later(now_s)
            return False
        self._answered, self._started_s = False, now_s
        self._state = "lost" if self._known else "starting"
        return True

    async def _line(self) -> bytes:
        """One answer. A first one that is late stays asked for, and is collected by a later sample."""
        if self._pending is None:
            self._pending = asyncio.create_task(self._exchange())
        done, _ = await asyncio.wait({self._pending}, timeout=self._reading_s)
        if not done:
            raise TimeoutError
        finished, self._pending = self._pending, None
        return finished.result()

    async def _exchange(self) -> bytes:
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        child.stdin.write(b"read\n")
        await child.stdin.drain()
        line = await child.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    def _late(self, now_s: float) -> Gauges:
        starting = not self._answered and now_s - self._started_s < self._start_s
        return self._blank() if starting else self._failed(now_s)

    def _heard(self, line: bytes, now_s: float) -> Gauges:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("gpus"), list):
            return self._failed(now_s)
        found, _ = judge_gpus("gpu", document)
        self._answered, self._backoff_s = True, BACKOFF_FIRST_S
        if not found:
            return self._nothing_here(now_s)
        self._known = found
        self._state = "live" if any(gpu.state == "live" for gpu in found) else "lost"
        return Gauges(self._state, found)

    def _nothing_here(self, now_s: float) -> Gauges:
        """No GPU: keep no process. Cards that were here before are shown as lost."""
        self._drop()
        self._next_start_s = now_s + RESCAN_S
        self._state = "lost" if self._known else "none"
        return self._blank()

    def _failed(self, now_s: float) -> Gauges:
        self._drop()
        self._later(now_s)
        self._state = "lost"
        return self._blank()

    def _later(self, now_s: float) -> None:
        self._next_start_s = now_s + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, BACKOFF_LAST_S)

    def _blank(self) -> Gauges:
        return Gauges(self._state, tuple(lost(gpu) for gpu in self._known))

    def _drop(self) -> None:
        """Kill the child without waiting: one that is stuck inside a driver dies when that lets go."""
        child, self._child = self._child, None
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                child.kill()
            else:
                os.killpg(child.pid, signal.SIGKILL)
        self._ending = asyncio.create_task(child.wait())

    async def close(self) -> None:
        """End the child; waits a moment for it, not for a driver that holds it."""
        self._drop()
        if self._ending is not None:
            await asyncio.wait({self._ending}, timeout=self._reading_s)
