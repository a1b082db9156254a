"""Single keys from a terminal that stays otherwise as it is: no screen, no cursor movement, no redraw."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

try:
    import termios
except ImportError:  # pragma: no cover - systems without terminals of this kind have no single keys
    termios = None  # type: ignore[assignment]


def has_keys(stdin: TextIO, stdout: TextIO) -> bool:
    """Whether single keys can be read: both ends are a terminal, and it is ours to read from.

    With a pipe behind it, e.g. into `less`, the keys belong to what reads there; in the background a process
    that reads would be stopped.
    """
    if termios is None or not (stdin.isatty() and stdout.isatty()):
        return False
    try:
        return os.tcgetpgrp(stdin.fileno()) == os.getpgrp()
    except OSError:
        return False


class Keyboard:
    """Gives `press` each key while the block lasts; the terminal is as before after it, and while stopped."""

    def __init__(self, press: Callable[[str], None]) -> None:
        self._press = press
        self._fd = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._fd)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Keys come one by one and are not echoed; Ctrl+C and Ctrl+Z keep their meaning."""
        loop = asyncio.get_running_loop()
        self._take()
        loop.add_reader(self._fd, self._read)
        loop.add_signal_handler(signal.SIGTSTP, self._stop)
        loop.add_signal_handler(signal.SIGCONT, self._take)
        try:
            yield
        finally:
            for number in (signal.SIGTSTP, signal.SIGCONT):
                loop.remove_signal_handler(number)
            loop.remove_reader(self._fd)
            self._give_back()

    def _take(self) -> None:
        if not has_keys(sys.stdin, sys.stdout):
            return
        mode = termios.tcgetattr(self._fd)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        self._set(mode)

    def _give_back(self) -> None:
        self._set(self._before)

    def _set(self, mode: list[int | list[bytes | int]]) -> None:
        # A terminal that has gone away needs nothing restored.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, mode)

    def _stop(self) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 64)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
            return
        # A key that sends a sequence, as an arrow does, is none of ours.
        for key in "" if data.startswith(b"\x1b") else data.decode(errors="ignore"):
            self._press(key)
