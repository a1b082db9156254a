"""`script/bench console`: the console in a real pseudo-terminal, against a double of the agent."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benches import crowd, neighbours, replayed, slow_link, stalled
from benches.paths import SCRIPT, TESTS, forget_last_seen
from benches.rows import Row, percentile, say
from benches.terminal import Terminal

SIZES = ((80, 24), (120, 40))
STARTS, UNCOUNTED = 7, 2
SETTLE_S, IDLE_S, BUSY_S = 3.0, 30.0, 20.0
BUSY_PER_S = 1000
PAINTED = b"last paid"
"""In the status line as soon as a snapshot is drawn, and in one piece, since nothing stood there before."""
UNTOLD = ("NO_COLOR", "PYTHONDONTWRITEBYTECODE", "SSH_CONNECTION")
CONSOLE = (sys.executable, "-m", "console")
YARDSTICK = (
    "from textual.app import App; from textual.widgets import Static\n"
    "class Bare(App):\n def compose(self): yield Static('last paid')\n"
    "Bare().run()"
)
"""The least that a Textual app can be: tells how fast this machine was in the very same minutes."""


def measure(only: frozenset[str] = frozenset()) -> list[Row]:
    """The rows of all parts, or of those named; all together take a quarter of an hour."""
    unknown = only - set(PARTS)
    if unknown:
        raise ValueError(f"there is no part {sorted(unknown)[0]!r}; there are {', '.join(PARTS)}")
    return [row for name, part in PARTS.items() if not only or name in only for row in part()]


def _quiet() -> list[Row]:
    rows: list[Row] = []
    with agent(0, 0) as environment:
        for columns, lines in SIZES:
            rows += _first_paint(columns, lines, environment)
        for columns, lines in SIZES:
            rows += _idle(columns, lines, environment)
    return rows


def _thousand() -> list[Row]:
    rows: list[Row] = []
    with agent(0, BUSY_PER_S) as environment:
        for columns, lines in SIZES:
            rows += _busy(columns, lines, environment)
        return rows + _lag(environment)


def _crowd() -> list[Row]:
    with agent(crowd.JOBS, 0) as quiet, agent(crowd.JOBS, crowd.CHANGES_PER_S) as busy:
        return crowd.measure(quiet, busy)


def _others() -> list[Row]:
    return neighbours.measure(SIZES)


def _far() -> list[Row]:
    if slow_link.missing():
        say(f"{slow_link.missing()} is not installed: the far end of a slow line is left out")
        return []
    rows: list[Row] = []
    for per_s, case in ((0, "idle"), (BUSY_PER_S, f"{BUSY_PER_S:,} events/s")):
        with agent(0, per_s) as environment:
            rows += slow_link.measure(PAINTED, environment, case)
    return rows


def _unread() -> list[Row]:
    with home() as environment:
        return stalled.measure(PAINTED, environment, BUSY_PER_S)


def _hour() -> list[Row]:
    with home() as environment:
        return replayed.measure(environment)


PARTS = {
    "quiet": _quiet,
    "busy": _thousand,
    "crowd": _crowd,
    "others": _others,
    "far": _far,
    "unread": _unread,
    "hour": _hour,
}
"""First paint and idle; 1,000 events a second; 10,000 live jobs; btop and htop; over a slow line; a terminal
that nobody reads; an hour of a recording at speed."""


def _first_paint(columns: int, lines: int, environment: dict[str, str]) -> list[Row]:
    say(f"{UNCOUNTED + STARTS} starts at {columns}×{lines}")
    paints, bare = [], []
    for number in range(UNCOUNTED + STARTS):
        paint = _start(CONSOLE, columns, lines, environment)
        yardstick = _start((sys.executable, "-c", YARDSTICK), columns, lines, environment)
        if number >= UNCOUNTED:
            paints.append(paint)
            bare.append(yardstick)
    seconds, sizes, memory = zip(*paints, strict=True)
    size = f"{columns}×{lines}"
    return [
        Row(f"first paint, {size}", statistics.median(seconds), "s", 0.40),
        Row(f"first paint, {size}, best", min(seconds), "s"),
        Row(f"first paint of a bare Textual app, {size}", statistics.median(one[0] for one in bare), "s"),
        Row(f"first paint, {size}, bytes until quiet", statistics.median(sizes), "kB", 25),
        Row(f"memory after first paint, {size}", statistics.median(memory), "MB RSS", 60),
    ]


def _start(
    command: tuple[str, ...], columns: int, lines: int, environment: dict[str, str]
) -> tuple[float, float, float]:
    """Seconds to the first paint; thousands of bytes and millions of bytes of memory once it is quiet."""
    forget_last_seen(environment)
    with Terminal(command, columns, lines, environment) as terminal:
        at_s = terminal.read_until(PAINTED, 30)
        terminal.read_until_quiet(0.25)
        return at_s, len(terminal.written) / 1000, terminal.rss_mb()


def _idle(columns: int, lines: int, environment: dict[str, str]) -> list[Row]:
    say(f"idle for {IDLE_S:.0f} s at {columns}×{lines}")
    forget_last_seen(environment)
    with Terminal(CONSOLE, columns, lines, environment) as terminal:
        terminal.read_until(PAINTED, 30)
        terminal.read_for(SETTLE_S)
        usage = terminal.watch(IDLE_S)
    compact = columns == SIZES[0][0]
    size = f"{columns}×{lines}"
    return [
        Row(f"idle, {size}, written", usage.kb_per_s, "kB/s", 0.5 if compact else None),
        Row(f"idle, {size}, processor", usage.cpu_percent, "% of a core", 1.0 if compact else None),
    ]


def _busy(columns: int, lines: int, environment: dict[str, str]) -> list[Row]:
    say(f"{BUSY_PER_S} events/s for {BUSY_S:.0f} s at {columns}×{lines}")
    forget_last_seen(environment)
    with Terminal(CONSOLE, columns, lines, environment) as terminal:
        terminal.read_until(PAINTED, 30)
        terminal.read_for(SETTLE_S)
        usage = terminal.watch(BUSY_S)
        rss_mb = terminal.rss_mb()
    case = f"{BUSY_PER_S:,} events/s, {columns}×{lines}"
    return [
        Row(f"{case}, written", usage.kb_per_s, "kB/s", 8),
        Row(f"{case}, processor", usage.cpu_percent, "% of a core", 5),
        Row(f"{case}, memory", rss_mb, "MB RSS", 60),
    ]


def _lag(environment: dict[str, str]) -> list[Row]:
    say(f"loop lag with {BUSY_PER_S} events/s for {BUSY_S:.0f} s")
    columns, lines = SIZES[0]
    out = Path(environment["QUARTERDECK_HOME"]) / "probe.json"
    with Terminal(
        (sys.executable, "-m", "benches.probed", str(out)), columns, lines, environment
    ) as terminal:
        terminal.read_until(PAINTED, 30)
        terminal.read_for(SETTLE_S)
        begins_s = time.monotonic()
        terminal.read_for(BUSY_S)
        ends_s = time.monotonic()
    probe = json.loads(out.read_text())
    lags = [late for at_s, late in probe["lags"] if begins_s <= at_s <= ends_s]
    counts = [count for at_s, count in probe["news"] if begins_s <= at_s <= ends_s]
    case = f"{BUSY_PER_S:,} events/s, {columns}×{lines}"
    return [
        Row(f"{case}, loop lag p95", percentile(lags, 95), "ms", 20),
        Row(f"{case}, loop lag, worst", max(lags), "ms"),
        Row(f"{case}, messages taken", (counts[-1] - counts[0]) / (ends_s - begins_s), "1/s"),
    ]


@contextlib.contextmanager
def home() -> Iterator[dict[str, str]]:
    """An empty home; gives the environment that leads a console to it."""
    with tempfile.TemporaryDirectory(prefix="qd-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if name not in UNTOLD}
        yield environment | {
            "QUARTERDECK_HOME": folder,
            "PYTHONPATH": os.pathsep.join((str(SCRIPT), str(TESTS))),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
        }


@contextlib.contextmanager
def agent(jobs: int, per_s: int) -> Iterator[dict[str, str]]:
    """A feeder at work; gives the environment that leads a console to it."""
    with home() as environment:
        socket = Path(environment["QUARTERDECK_HOME"]) / "agent.sock"
        command = (sys.executable, "-m", "benches.feeder", str(socket), str(jobs), str(per_s))
        feeder = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        try:
            if feeder.stdout is None or not feeder.stdout.readline():
                raise RuntimeError("the double of the agent did not start; see its words above")
            yield environment
        finally:
            feeder.terminate()
            feeder.wait()
