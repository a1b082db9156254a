"""`script/test --stalls`: the tests, while some of the processes beneath them are stopped for moments.

A busy machine does that to tests, without a pattern. What holds only as long as everybody is quick, or as
long as two processes keep in step, fails here on a quiet one. Arguments go to pytest.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading

import psutil

WORKERS = 6
"""Tests that run at one time."""
AT_ONCE = 6
"""Processes that are stopped at one time, at most."""
SHORTEST_S, LONGEST_S = 0.05, 0.8
"""Below what the rules of a network in tests take for an end: a heartbeat is a second, its silence three."""
PAUSE_S = 0.1
_ALL = ("--ignore", "tests/e2e", "--ignore", "tests/simulation")
_STOPPERS = (
    "tests/coordinator/test_coordinator_takeover.py::test_an_owner_that_froze_is_fenced_and_ends",
    "tests/tui/test_tui_terminal.py::test_line_mode_gives_the_terminal_back_while_it_is_stopped",
    "tests/tui/test_tui_hangup.py",
)
"""Stop a process themselves, and would find it stopped, or going on, by another's hand."""


class Stalls:
    """Stops processes beneath one, each for a moment, until the end."""

    def __init__(self, root: psutil.Process, chance: random.Random) -> None:
        self._root = root
        self._chance = chance
        self._over = threading.Event()
        self._turn = threading.Lock()
        self.count = 0

    def run(self) -> None:
        """On a thread of its own, of which there may be several; every process goes on at its end."""
        while not self._over.wait(self._chance.expovariate(1 / PAUSE_S)):
            with contextlib.suppress(psutil.Error):
                self._stall()

    def end(self) -> None:
        """Stop nothing any more."""
        self._over.set()

    def _stall(self) -> None:
        with self._turn:
            one = self._running()
            if one is None:
                return
            one.suspend()
            self.count += 1
        try:
            self._over.wait(self._chance.uniform(SHORTEST_S, LONGEST_S))
        finally:
            one.resume()

    def _running(self) -> psutil.Process | None:
        """Any that is not stopped already."""
        beneath = self._root.children(recursive=True)
        self._chance.shuffle(beneath)
        return next((one for one in beneath if one.status() != psutil.STATUS_STOPPED), None)


def main(arguments: list[str]) -> int:
    """The tests' exit code."""
    left_out = [word for test in _STOPPERS for word in ("--deselect", test)]
    command = ["-m", "pytest", "-n", str(WORKERS), "--dist", "load", *left_out, *(arguments or _ALL)]
    with subprocess.Popen([sys.executable, *command]) as tests:
        stalls = Stalls(psutil.Process(tests.pid), random.Random())
        threads = [threading.Thread(target=stalls.run) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        try:
            status = tests.wait()
        finally:
            stalls.end()
            for thread in threads:
                thread.join()
    print(f"{stalls.count} stalls", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
