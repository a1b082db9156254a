"""10,000 live jobs: what a tick costs the console, and what it costs a stock Textual DataTable.

Counted is the processor time of the whole process, user and system, from /proc, in a real terminal: reading
the socket, decoding, the store, the order, drawing, and writing to the terminal. A tick is half a second, in
which 50 jobs change. What the tick costs is that time with the changes less the same without them, for the
same screen with the same jobs in it; the time without is told beside it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benches.paths import forget_last_seen
from benches.rows import Row, percentile, say
from benches.terminal import Terminal, Usage

JOBS = 10_000
CHANGES_PER_S = 100
TICKS_PER_S = 2
SETTLE_S, WATCH_S = 8.0, 20.0
PATIENCE_S = 60.0
SEEN = b"last paid"
GOAL_MS = 3.0
PLACES = (
    ("Jobs", (120, 40), ("2",)),
    ("Jobs, sorted by tokens", (120, 40), ("2", "s", "s", "s")),
    ("Jobs, filtered", (120, 40), ("2", "/", "running !00ff", "\r")),
    ("Deck", (80, 24), ()),
)
"""Screen, size, and the keys that lead there."""
Environment = dict[str, str]


class Place(NamedTuple):
    """Where in the console it is measured."""

    size: tuple[int, int]
    keys: tuple[str, ...]


def measure(quiet: Environment, busy: Environment) -> list[Row]:
    """All rows, given the ways to an agent at which nothing happens and to one at which jobs change."""
    rows: list[Row] = []
    for name, size, keys in PLACES:
        case = f"{JOBS:,} live jobs, {name}, {size[0]}×{size[1]}"
        rows += _ticks(case, ("console", "benches.probed"), Place(size, keys), quiet, busy, GOAL_MS)
    size = PLACES[0][1]
    case = f"{JOBS:,} live jobs, stock DataTable, {size[0]}×{size[1]}"
    stock = ("benches.stock_table", "benches.stock_table")
    return rows + _ticks(case, stock, Place(size, ()), quiet, busy, None)


def _ticks(
    case: str,
    modules: tuple[str, str],
    place: Place,
    quiet: Environment,
    busy: Environment,
    goal_ms: float | None,
) -> list[Row]:
    plain, probed = modules
    say(f"{case}: nothing happens")
    still, _ = _watch((plain,), place, quiet)
    say(f"{case}: {CHANGES_PER_S} changes each second")
    moving, rss_mb = _watch((plain,), place, busy)
    say(f"{case}: the same, with a probe in its loop")
    lags = _lags(probed, place, busy)
    all_ms, still_ms = _half_second_ms(moving), _half_second_ms(still)
    return [
        Row(f"{case}: a tick", max(0.0, all_ms - still_ms), "ms of processor", goal_ms),
        Row(f"{case}: half a second, all included", all_ms, "ms of processor"),
        Row(f"{case}: half a second without changes", still_ms, "ms of processor"),
        Row(f"{case}: loop lag p95", percentile(lags, 95), "ms"),
        Row(f"{case}: loop lag, worst", max(lags), "ms"),
        Row(f"{case}: written", moving.kb_per_s, "kB/s"),
        Row(f"{case}: written without changes", still.kb_per_s, "kB/s"),
        Row(f"{case}: memory", rss_mb, "MB RSS"),
    ]


def _half_second_ms(usage: Usage) -> float:
    return 1000 * usage.cpu_s / usage.seconds / TICKS_PER_S


def _watch(command: tuple[str, ...], place: Place, environment: Environment) -> tuple[Usage, float]:
    """What it took and wrote, and its resident memory in millions of bytes."""
    forget_last_seen(environment)
    with Terminal((sys.executable, "-m", *command), *place.size, environment) as terminal:
        _go(terminal, place)
        return terminal.watch(WATCH_S), terminal.rss_mb()


def _lags(module: str, place: Place, environment: Environment) -> list[float]:
    """By how many milliseconds the loop was late."""
    out = Path(environment["QUARTERDECK_HOME"]) / "probe.json"
    forget_last_seen(environment)
    with Terminal((sys.executable, "-m", module, str(out)), *place.size, environment) as terminal:
        _go(terminal, place)
        begins_s = time.monotonic()
        terminal.read_for(WATCH_S / 2)
        ends_s = time.monotonic()
    lags = json.loads(out.read_text())["lags"]
    return [late for at_s, late in lags if begins_s <= at_s <= ends_s]


def _go(terminal: Terminal, place: Place) -> None:
    terminal.read_until(SEEN, PATIENCE_S)
    terminal.read_for(1.0)
    for key in place.keys:
        terminal.press(key)
        terminal.read_for(0.3)
    terminal.read_for(SETTLE_S)
