"""A program in a real pseudo-terminal: when it wrote how much, what it cost, and how to end it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

import psutil

READ_BYTES = 1 << 16
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one read gave; `at_s` since the program was started."""

    at_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """What a program wrote and took while it was watched."""

    seconds: float
    bytes_written: int
    cpu_s: float

    @property
    def kb_per_s(self) -> float:
        """1,000 bytes each second."""
        return self.bytes_written / 1000 / self.seconds

    @property
    def cpu_percent(self) -> float:
        """Of one core."""
        return 100 * self.cpu_s / self.seconds


class Terminal:
    """Runs `command` in a terminal of its own; leaving the block ends it.

    The terminal answers no queries, as a plain one does: no synchronised updates, no kitty keys.
    """

    def __init__(
        self, command: Sequence[str], columns: int, rows: int, environment: Mapping[str, str]
    ) -> None:
        self.chunks: list[Chunk] = []
        self._started_s = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], list(command), dict(environment))
        self._process = psutil.Process(self.pid)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def written(self) -> bytes:
        """All that it wrote."""
        return b"".join(chunk.data for chunk in self.chunks)

    def read_for(self, seconds: float) -> None:
        """Read for so long, or until the program has ended."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and self._read(left):
            pass

    def read_until(self, text: bytes, timeout_s: float) -> float:
        """Read until `text` was written; when that was, since the start.

        Raises:
            TimeoutError: it was not written in time, or the program ended before.
        """
        ends = time.monotonic() + timeout_s
        while text not in self.written:
            left = ends - time.monotonic()
            if left <= 0 or not self._read(left):
                raise TimeoutError(f"the program did not write {text!r} within {timeout_s} s")
        return self.chunks[-1].at_s

    def read_answer(self, keys: str, text: bytes, timeout_s: float) -> float:
        """Type `keys`, and read until `text` was written after them; when that was, since the start.

        Raises:
            TimeoutError: it was not written in time, or the program ended before.
        """
        before = len(self.chunks)
        self.press(keys)
        ends = time.monotonic() + timeout_s
        while text not in b"".join(chunk.data for chunk in self.chunks[before:]):
            left = ends - time.monotonic()
            if left <= 0 or not self._read(left):
                raise TimeoutError(f"the keys {keys!r} did not bring {text!r} within {timeout_s} s")
        return self.chunks[-1].at_s

    def read_until_quiet(self, quiet_s: float) -> None:
        """Read until nothing came for so long."""
        while self._read(quiet_s, once=True):
            pass

    def watch(self, seconds: float) -> Usage:
        """What it writes and takes in `seconds`."""
        before, cpu_s, started_s = len(self.chunks), self.cpu_s(), time.monotonic()
        self.read_for(seconds)
        took_s = time.monotonic() - started_s
        written = sum(len(chunk.data) for chunk in self.chunks[before:])
        return Usage(took_s, written, self.cpu_s() - cpu_s)

    def since_start_s(self) -> float:
        """Seconds since the program was started: the clock of `Chunk.at_s`."""
        return time.monotonic() - self._started_s

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._fd, keys.encode())

    def cpu_s(self) -> float:
        """User and system time so far."""
        times = self._process.cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        """Resident memory, in millions of bytes."""
        return self._process.memory_info().rss / 1e6

    def end(self) -> None:
        """Ask it to end as a closing session does, then insist; the terminal is closed."""
        if self._fd < 0:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            if self._reaped(GRACE_S):
                break
        os.close(self._fd)
        self._fd = -1

    def _reaped(self, timeout_s: float) -> bool:
        ends = time.monotonic() + timeout_s
        while time.monotonic() < ends:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                    self._read(0.02, once=True)
                    continue
            return True
        return False

    def _read(self, timeout_s: float, once: bool = False) -> bool:
        """Take what there is; False when the program has ended, or with `once` when nothing came."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if not ready:
            return not once
        try:
            data = os.read(self._fd, READ_BYTES)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if data:
            self.chunks.append(Chunk(time.monotonic() - self._started_s, data))
        return bool(data)
