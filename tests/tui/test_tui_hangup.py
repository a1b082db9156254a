"""A console whose terminal goes away, or was stopped and goes on: it ends, or stays what it was."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.console_terminal import ConsoleTerminal

from console.tui.widgets.terminal import Outlet

PATIENCE_S = 30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")


def until(seat: ConsoleTerminal, shown: Callable[[bytes], bool]) -> None:
    """Read until so much is true of what was written."""
    deadline = time.monotonic() + PATIENCE_S
    while not shown(seat.read()):
        assert time.monotonic() < deadline, seat.seen[-2000:]
        time.sleep(0.02)


def threads(seat: ConsoleTerminal) -> int:
    return len(list(Path(f"/proc/{seat.console.pid}/task").iterdir()))


@pytest.fixture
def seat(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ConsoleTerminal]:
    """It shows a recording."""
    controlling = getattr(request, "param", True)
    made = ConsoleTerminal(tmp_path, "replay", "demo", "--loop", controlling=controlling)
    try:
        until(made, lambda seen: b"Verdicts" in seen)
        yield made
    finally:
        made.end()


@pytest.mark.parametrize("seat", [True, False], indirect=True, ids=["signal", "no signal"])
def test_a_console_ends_with_its_terminal_with_a_signal_and_without(seat: ConsoleTerminal) -> None:
    assert seat.hang_up(PATIENCE_S) == 128 + signal.SIGHUP


def test_what_goes_on_after_a_stop_has_the_threads_it_had_and_is_painted_anew(seat: ConsoleTerminal) -> None:
    """Each further thread of Textual's read the same keys and was left behind, waiting for ever."""
    before, painted = threads(seat), seat.seen.count(b"Verdicts")
    seat.console.send_signal(signal.SIGSTOP)
    seat.console.send_signal(signal.SIGCONT)
    until(seat, lambda seen: seen.count(b"Verdicts") > painted)
    assert threads(seat) == before
    os.write(seat.master, b"q")
    until(seat, lambda _: seat.console.poll() is not None)
    assert seat.console.returncode == 0


def test_what_a_console_wrote_can_be_read_after_it_is_gone(seat: ConsoleTerminal) -> None:
    seat.console.kill()
    seat.console.wait()
    while (seen := len(seat.seen)) < len(seat.read()):
        pass
    assert len(seat.read()) == seen


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
