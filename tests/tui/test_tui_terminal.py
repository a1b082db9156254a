"""The console in a real pseudo-terminal: what it leaves behind, and what it makes of poor terminals."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from benches.terminal import Terminal

RECORDING = Path(__file__).parent.parent / "recordings" / "earning.jsonl"
PATIENCE_S = 60.0
"""Far longer than anything here takes; nothing is judged by it."""
UNDONE = [b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l"]
"""Alternate screen left, cursor shown, paste as it was."""
MOUSE_OFF = [b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?1006l"]
UTF8 = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}


class Pty(Terminal):
    """The bench's terminal, with the knobs that tests turn."""

    def resize(self, columns: int, rows: int) -> None:
        """As a window manager does."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def canonical(self) -> bool:
        """Whether the terminal echoes and hands over lines, as a shell expects it."""
        flags = termios.tcgetattr(self._fd)[3]
        return bool(flags & termios.ICANON and flags & termios.ECHO)

    def send(self, number: signal.Signals) -> None:
        """A signal to the console."""
        os.kill(self.pid, number)

    def ended(self) -> int:
        """Read to the end; the exit code."""
        self.read_for(PATIENCE_S)
        status = os.waitpid(self.pid, 0)[1]
        os.close(self._fd)
        self._fd = -1
        return os.waitstatus_to_exitcode(status)

    def read_on_until(self, text: bytes, mark: int) -> None:
        """Read until `text` was written after the first `mark` bytes; a test that waits in vain fails."""
        ends = time.monotonic() + PATIENCE_S
        while text not in self.since(mark):
            assert time.monotonic() < ends, f"{text!r} was not written: {self.since(mark)!r}"
            self.read_for(0.05)

    def read_until_stopped(self) -> None:
        """Read until the process stands still, as one does that was put aside."""
        ends = time.monotonic() + PATIENCE_S
        while psutil.Process(self.pid).status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < ends
            self.read_for(0.05)

    def since(self, mark: int) -> bytes:
        """What was written after the first `mark` bytes."""
        return self.written[mark:]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Pty]]:
    """Every terminal of the test; none outlives it."""
    opened: list[Pty] = []
    yield opened
    for terminal in opened:
        terminal.end()


def console(
    opened: list[Pty], home: Path, *options: str, size: tuple[int, int] = (80, 24), **environment: str
) -> Pty:
    """The console on a recording, in a terminal of that environment; waits until it is drawn."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = kept | {"QUARTERDECK_HOME": str(home)} | (environment or UTF8)
    command = [sys.executable, "-m", "console", *options, "replay", str(RECORDING)]
    terminal = Pty(command, *size, told)
    opened.append(terminal)
    terminal.read_until(b"recording ends here" if "--plain" in options else b"Deck", PATIENCE_S)
    return terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["term", "hup"])
def test_a_signal_that_ends_it_leaves_the_terminal_as_it_was(
    opened: list[Pty], tmp_path: Path, number: signal.Signals
) -> None:
    terminal = console(opened, tmp_path, "--mouse")
    assert b"\x1b[?1000h" in terminal.written and not terminal.canonical
    mark = len(terminal.written)
    terminal.send(number)
    assert terminal.ended() == 128 + number
    assert all(code in terminal.since(mark) for code in [*UNDONE, *MOUSE_OFF])


def test_leaving_by_key_restores_the_terminal(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path)
    mark = len(terminal.written)
    terminal.press("q")
    terminal.read_until(b"\x1b[?1004l", PATIENCE_S)
    assert terminal.ended() == 0
    assert all(code in terminal.since(mark) for code in [*UNDONE, *MOUSE_OFF])


def test_a_terminal_that_was_smaller_for_a_moment_is_painted_anew(opened: list[Pty], tmp_path: Path) -> None:
    """It may have lost what stood beyond its edge, though its size is the same again when it is asked."""
    terminal = console(opened, tmp_path)
    terminal.read_for(1.0)
    mark = len(terminal.written)
    terminal.send(signal.SIGWINCH)
    terminal.read_on_until(b"Live jobs", mark)
    terminal.read_on_until(b"drain", mark)


def test_it_can_be_put_aside_and_comes_back_whole(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path)
    mark = len(terminal.written)
    terminal.press("\x1a")
    terminal.read_until(b"\x1b[?1004l", PATIENCE_S)
    assert all(code in terminal.since(mark) for code in [*UNDONE, *MOUSE_OFF])
    terminal.read_until_stopped()
    assert terminal.canonical
    mark = len(terminal.written)
    terminal.send(signal.SIGCONT)
    for told in (b"\x1b[?1049h", b"quarterdeck", b"Verdicts", b"drain"):
        terminal.read_on_until(told, mark)
    assert not terminal.canonical


def test_without_mouse_no_mouse_code_is_ever_sent(opened: list[Pty], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[screen]\nmouse = "on"\n')
    terminal = console(opened, tmp_path, "--no-mouse")
    assert not re.search(rb"\x1b\[\?100[0-36]h|\x1b\[\?1015h", terminal.written)


def test_over_ssh_the_mouse_is_left_alone_unless_asked_for(opened: list[Pty], tmp_path: Path) -> None:
    remote = UTF8 | {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    assert b"\x1b[?1000h" not in console(opened, tmp_path, **remote).written
    assert b"\x1b[?1000h" in console(opened, tmp_path, "--mouse", **remote).written


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "xterm"},
        {"TERM": "screen"},
        {"TERM": "tmux", "TMUX": "/tmp/tmux-0/default,1,0"},
        {"TERM": "screen", "STY": "1.pts-0.host", "COLORTERM": "truecolor"},
        {"TERM": "linux"},
    ],
    ids=lambda environment: "-".join(environment.values())[:20],
)
def test_where_there_are_sixteen_colours_no_others_are_sent(
    opened: list[Pty], tmp_path: Path, environment: dict[str, str]
) -> None:
    terminal = console(opened, tmp_path, **environment, LANG="C.UTF-8")
    terminal.read_for(0.3)
    assert not re.search(rb"[34]8;[25];", terminal.written)
    assert re.search(rb"\x1b\[[0-9;]*3[2-6]m", terminal.written)


@pytest.mark.parametrize("term", ["xterm-256color", "tmux-256color", "screen-256color"])
def test_256_colours_are_used_where_they_are_promised(opened: list[Pty], tmp_path: Path, term: str) -> None:
    written = console(opened, tmp_path, TERM=term, LANG="C.UTF-8").written
    assert b"38;5;" in written and b"38;2;" not in written


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "xterm-256color"}, {"TERM": "xterm", "LANG": "C"}, {"TERM": "linux", "LANG": "C.UTF-8"}],
    ids=["no-lang", "c", "linux-console"],
)
def test_without_glyphs_nothing_but_ascii_is_sent(
    opened: list[Pty], tmp_path: Path, environment: dict[str, str]
) -> None:
    terminal = console(opened, tmp_path, **environment)
    for key in "2345678?":
        terminal.press(key)
        terminal.read_for(0.2)
    assert terminal.written.isascii()


def test_without_colour_none_is_sent(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path, **UTF8, NO_COLOR="1")
    terminal.read_for(0.3)
    codes = b";".join(re.findall(rb"\x1b\[([0-9;]*)m", terminal.written)).split(b";")
    assert b"1" in codes
    assert not {code for code in codes if code and 30 <= int(code) <= 49 and code not in (b"39", b"49")}


def test_an_empty_no_color_means_nothing(opened: list[Pty], tmp_path: Path) -> None:
    assert b"38;5;" in console(opened, tmp_path, **UTF8, NO_COLOR="").written


def test_a_terminal_that_shrinks_to_nothing_and_grows_again(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path)
    for size in ((20, 5), (1, 1), (300, 90), (20, 5), (80, 24)):
        terminal.resize(*size)
        terminal.read_for(0.3)
    mark = len(terminal.written)
    terminal.press("2")
    terminal.read_on_until(b"TOK/S", mark)
    terminal.press("q")
    terminal.read_until(b"\x1b[?1004l", PATIENCE_S)
    assert terminal.ended() == 0


def test_read_only_is_said_and_kept(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path, "--read-only")
    mark = len(terminal.written)
    terminal.press("p")
    terminal.read_until(b"read-only", PATIENCE_S)
    assert b"Paused" not in terminal.since(mark) and b"READ-ONLY" in terminal.written


def test_line_mode_has_single_keys_and_moves_no_cursor(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path, "--plain")
    assert not terminal.canonical
    for key, told in {
        "h": b"tokens/s", "s": b"Last accepted", "e": b"Pending", "j": b"running", "p": b"Paused.",
        "d": b"Press y", "n": b"Not drained", "x": b"Keys:",
    }.items():  # fmt: skip
        mark = len(terminal.written)
        terminal.press(key)
        terminal.read_on_until(told, mark)
    assert b"\x1b" not in terminal.written and b"\x08" not in terminal.written
    terminal.press("q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["term", "hup"])
def test_line_mode_ends_by_a_signal_with_the_terminal_as_before(
    opened: list[Pty], tmp_path: Path, number: signal.Signals
) -> None:
    terminal = console(opened, tmp_path, "--plain")
    terminal.send(number)
    terminal.read_for(PATIENCE_S)
    assert b"Traceback" not in terminal.written
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 128 + number
    assert terminal.canonical


def test_line_mode_gives_the_terminal_back_while_it_is_stopped(opened: list[Pty], tmp_path: Path) -> None:
    terminal = console(opened, tmp_path, "--plain")
    terminal.send(signal.SIGTSTP)
    terminal.read_until_stopped()
    assert terminal.canonical
    terminal.send(signal.SIGCONT)
    mark = len(terminal.written)
    terminal.press("h")
    terminal.read_on_until(b"tokens/s", mark)
    assert not terminal.canonical


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["screen", "lines"])
def test_a_terminal_that_is_gone_ends_it_without_a_fault(
    opened: list[Pty], tmp_path: Path, options: tuple[str, ...]
) -> None:
    terminal = console(opened, tmp_path, *options)
    opened.remove(terminal)
    os.close(terminal._fd)
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 128 + signal.SIGHUP
    assert not (tmp_path / "console-fault.txt").exists()
