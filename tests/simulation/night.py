"""A night of histories: fresh seeds on every core, what failed with its replay, and one line to paste."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simulation.history import play, replay
from simulation.stretches import HAPPENED

HISTORIES = 100_000
_AT_ONCE = 50
_TOLD_EVERY = 1_000
_FRESH = 1_000_000_000
"""Seeds of nights without `--from` begin above: no test and no written note has them."""


def fresh_seed() -> int:
    """A first seed beyond those of any night before: nothing plays 1,000 histories a second."""
    return _FRESH + int(time.time()) * 1_000


@dataclass(slots=True)
class Night:
    """What came of it so far."""

    first: int
    processes: int
    counts: Counter[str] = field(default_factory=Counter)
    played: int = 0
    failed: int = 0
    begun_s: float = field(default_factory=time.monotonic)

    def add(self, counts: Counter[str], failures: list[str]) -> None:
        """Some more histories were played."""
        before, self.played = self.played, self.played + counts.pop("histories")
        self.counts += counts
        self.failed += len(failures)
        for failure in failures:
            print(failure, flush=True)
        if self.played // _TOLD_EVERY > before // _TOLD_EVERY:
            print(f"  {self.line}", flush=True)

    @property
    def missing(self) -> list[str]:
        """What a night that tests anything has met and this one has not."""
        return [kind for kind in HAPPENED if not self.counts[kind]]

    @property
    def line(self) -> str:
        """To be pasted."""
        minutes = (time.monotonic() - self.begun_s) / 60
        return (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {self.played:,} histories from seed {self.first} on, "
            f"{self.failed} failed, {minutes:.1f} min, {self.processes} processes."
        )


def spend(histories: int, first: int, processes: int) -> Night:
    """Play so many histories from seed `first` on. An interrupt ends it early; what was played counts."""
    night = Night(first, processes)
    firsts = range(first, first + histories, _AT_ONCE)
    stretches = [range(start, min(start + _AT_ONCE, first + histories)) for start in firsts]
    try:
        with _players(processes, stretches) as played:
            for counts, failures in played:
                night.add(counts, failures)
    except KeyboardInterrupt:
        print("Interrupted.")
    return night


@contextmanager
def _players(processes: int, stretches: list[range]) -> Iterator[Iterable[tuple[Counter[str], list[str]]]]:
    if processes == 1:
        yield map(_stretch, stretches)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield pool.imap_unordered(_stretch, stretches)


def _stretch(seeds: range) -> tuple[Counter[str], list[str]]:
    """What happened in their histories, and in words what failed."""
    counts: Counter[str] = Counter(histories=len(seeds))
    failures = []
    for seed in seeds:
        try:
            outcome = play(seed)
        except Exception as error:  # a check that broke is a finding, and the night goes on
            failures.append(f"seed {seed}: broken off by {error!r}. Replay: {replay(seed)}")
            continue
        counts += outcome.counts
        if outcome.complaints:
            failures.append("\n".join((outcome.failure, *(f"  {said}" for said in outcome.complaints))))
    return counts, failures
