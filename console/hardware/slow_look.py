"""What is too dear for every sample: the processes and the clocks, looked at in a thread now and then."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from . import busy
from .facts import ProcessSample
from .probes import cpu as cpu_files
from .probes import processes as process_files

LOOK_S = 5.0
"""Seconds between two looks."""

ROOT = Path("/")
Look = tuple[busy.Crowd, float | None]


class SlowLook:
    """The latest look. Owned by one task, which calls `at` and finally `close`; one thread at most."""

    def __init__(self) -> None:
        self._before = busy.Crowd()
        self._now = busy.Crowd()
        self._task: asyncio.Task[Look] | None = None
        self._next_s = float("-inf")
        self._names_hold = process_files.names_are_the_drivers(ROOT)
        self.frequency_mhz: float | None = None

    def at(self, now_s: float) -> SlowLook:
        """What is known at `now_s` (the caller's clock, seconds); starts the next look when it is time."""
        if self._task is not None and self._task.done():
            finished, self._task = self._task, None
            if finished.exception() is None:
                crowd, self.frequency_mhz = finished.result()
                self._before, self._now = self._now, crowd
        if self._task is None and now_s >= self._next_s:
            self._next_s = now_s + LOOK_S
            self._task = asyncio.create_task(asyncio.to_thread(look, now_s))
        return self

    @property
    def names(self) -> Mapping[int, str]:
        """What each pid that a GPU's driver tells is called."""
        return self._now.names if self._names_hold else {}

    def busiest(self, watched: Mapping[int, str]) -> tuple[ProcessSample, ...]:
        """The watched processes and the busiest others."""
        return busy.busiest(self._before, self._now, watched, os.cpu_count() or 1)

    def close(self) -> None:
        """Wait for no look that is under way."""
        if self._task is not None:
            self._task.cancel()


def look(at_s: float) -> Look:
    """One look, at `at_s`."""
    crowd = busy.judge(process_files.probe(ROOT), at_s)
    told = cpu_files.frequency(ROOT)
    return crowd, told if told is not None and 1 <= told <= 20_000 else None
