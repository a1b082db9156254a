"""A console whose terminal goes away, or was stopped and goes on: it ends, or stays what it was."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.tui.widgets.terminal import Outlet

PATIENCE_S = 30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")


class Seat:
    """A console that shows a recording in a terminal of its own; `controlling`: signals come from it."""

    def __init__(self, home: Path, *, controlling: bool) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.console = subprocess.Popen(
            [sys.executable, "-m", "console", "replay", "demo", "--loop"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"QUARTERDECK_HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None,
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self.seen = b""

    def until(self, shown: Callable[[], bool]) -> None:
        """Read until so much is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not shown():
            assert time.monotonic() < deadline, self.seen[-2000:]
            with contextlib.suppress(BlockingIOError):
                self.seen += os.read(self.master, 1 << 16)
            time.sleep(0.02)

    def threads(self) -> int:
        """How many threads the console has."""
        return len(list(Path(f"/proc/{self.console.pid}/task").iterdir()))

    def hang_up(self) -> int:
        """Close the terminal; the console's exit code."""
        os.close(self.master)
        return self.console.wait(PATIENCE_S)


@pytest.fixture
def seat(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Seat]:
    made = Seat(tmp_path, controlling=getattr(request, "param", True))
    try:
        made.until(lambda: b"Verdicts" in made.seen)
        yield made
    finally:
        made.console.kill()
        made.console.wait()
        with contextlib.suppress(OSError):
            os.close(made.master)


@pytest.mark.parametrize("seat", [True, False], indirect=True, ids=["signal", "no signal"])
def test_a_console_ends_with_its_terminal_with_a_signal_and_without(seat: Seat) -> None:
    assert seat.hang_up() == 128 + signal.SIGHUP


def test_what_goes_on_after_a_stop_has_the_threads_it_had_and_is_painted_anew(seat: Seat) -> None:
    """Each further thread of Textual's read the same keys and was left behind, waiting for ever."""
    threads, painted = seat.threads(), seat.seen.count(b"Verdicts")
    seat.console.send_signal(signal.SIGSTOP)
    seat.console.send_signal(signal.SIGCONT)
    seat.until(lambda: seat.seen.count(b"Verdicts") > painted)
    assert seat.threads() == threads
    os.write(seat.master, b"q")
    seat.until(lambda: seat.console.poll() is not None)
    assert seat.console.returncode == 0


class Broken:
    """A terminal that hung up after its first line."""

    def __init__(self) -> None:
        self.taken = 0

    def write(self, text: str) -> int:
        if self.taken:
            raise OSError(5, "Input/output error")
        self.taken += len(text)
        return len(text)

    def flush(self) -> None:
        raise OSError(5, "Input/output error")

    def fileno(self) -> int:
        return 2


def test_what_is_written_to_a_terminal_that_hung_up_goes_nowhere() -> None:
    terminal = Broken()
    outlet = Outlet(terminal)
    outlet.write("one")
    assert not outlet.gone
    outlet.write("two")
    outlet.write("three")
    outlet.flush()
    assert outlet.gone and terminal.taken == 3


def test_an_error_at_a_flush_is_the_end_as_well() -> None:
    outlet = Outlet(Broken())
    outlet.flush()
    assert outlet.gone
