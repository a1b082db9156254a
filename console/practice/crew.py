"""The processes of a practice run: started, watched, ended; none is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

STOP_GRACE_S = 20.0
_PR_SET_PDEATHSIG = 1


class CrewError(Exception):
    """A process of the run failed; the text says which, how and where its log is."""


class Member:
    """One child process with its log file."""

    def __init__(self, name: str, arguments: list[str], log: Path, environment: dict[str, str]) -> None:
        """`arguments`: after the Python interpreter, e.g. `["-m", "console.agent", …]`."""
        self.name = name
        self.log = log
        self._arguments = arguments
        self._environment = environment
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; its output goes to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )

    @property
    def gone(self) -> bool:
        """Whether it ended by itself or was never started."""
        return self.process is None or self.process.returncode is not None

    async def stop(self) -> None:
        """SIGTERM, a grace, then SIGKILL to its whole group."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_GRACE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    def last_words(self) -> str:
        """The last line of its log that says anything."""
        with contextlib.suppress(OSError):
            lines = [s.strip() for s in self.log.read_text("utf-8", "replace").splitlines() if s.strip()]
            if lines:
                return lines[-1]
        return "it said nothing"

    def check(self) -> None:
        """Raise CrewError when the process is gone."""
        if self.gone:
            code = None if self.process is None else self.process.returncode
            raise CrewError(f"{self.name} ended with code {code}: {self.last_words()} (log: {self.log})")


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, a hook that ends the child when this process dies, however it dies."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def hook() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return hook
