"""Histories in stretches of seeds. Two files of tests play them: a worker takes a file as a whole."""

from __future__ import annotations

from collections import Counter
from functools import cache

from simulation.history import Outcome, play

HISTORIES = 2_000
AT_ONCE = 250
_FIRSTS = range(0, HISTORIES, AT_ONCE)
EARLY, LATE = _FIRSTS[: len(_FIRSTS) // 2], _FIRSTS[len(_FIRSTS) // 2 :]
"""First seeds of the stretches of each file."""
OPENING = 150
"""So many of the first histories are looked at for what happens in them, too."""
HAPPENED = ("booked", "opening", "coordinator-killed", "coordinator-stopped", "node-crashed", "disk-failed")
"""Histories in which none of these happens test nothing."""


@cache
def opening(seed: int) -> Outcome:
    """One of the first `OPENING` histories, played once in a process."""
    return play(seed)


def check(first: int) -> None:
    """Every invariant holds in every history from seed `first` on. Raises AssertionError."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + AT_ONCE):
        outcome = opening(seed) if seed < OPENING else play(seed)
        assert not outcome.complaints, f"{outcome.complaints}\nReplay it: {outcome.replay}"
        seen += outcome.counts
    assert seen["quiet"] == AT_ONCE, seen
    assert all(seen[kind] > 20 for kind in HAPPENED), seen
