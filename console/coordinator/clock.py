"""Time as the coordinator sees it: stamps by the wall clock, durations by one that never jumps."""

from __future__ import annotations

import time
from typing import Protocol

DAY_MS = 86_400_000


def day_of(at_ms: int) -> int:
    """The day that a stamp falls on, counted from 1970 in UTC."""
    return at_ms // DAY_MS


class Clock(Protocol):
    """Given to everything that needs time, so that tests own it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, for stamps; never less than before."""
        ...

    def not_before(self, at_ms: int) -> None:
        """Stamps go on from `at_ms` at least: an earlier run has stamped that."""
        ...

    def tick_s(self) -> float:
        """Seconds of a monotonic clock, for durations."""
        ...


class Stamps:
    """Stamps that never go back: a wall clock that is set back would end a job before it was given away.

    Ahead the wall clock is followed; behind, time goes on from where it was.
    """

    def __init__(self) -> None:
        self._ahead_ms: int | None = None

    def not_before(self, at_ms: int, steady_ms: int) -> None:
        """From that steady moment on, no stamp is less than `at_ms`."""
        least_ms = at_ms - steady_ms
        self._ahead_ms = least_ms if self._ahead_ms is None else max(self._ahead_ms, least_ms)

    def stamp(self, wall_ms: int, steady_ms: int) -> int:
        """The stamp of a moment at which the two clocks say so."""
        ahead_ms = wall_ms - steady_ms
        self._ahead_ms = ahead_ms if self._ahead_ms is None else max(self._ahead_ms, ahead_ms)
        return steady_ms + self._ahead_ms


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self._stamps = Stamps()

    def now_ms(self) -> int:
        """Wall clock, never going back."""
        return self._stamps.stamp(time.time_ns() // 1_000_000, _steady_ms())

    def not_before(self, at_ms: int) -> None:
        """Stamps go on from `at_ms` at least, unless that is a day away: the clock was wrong then."""
        if at_ms - self.now_ms() < DAY_MS:
            self._stamps.not_before(at_ms, _steady_ms())

    def tick_s(self) -> float:
        """Monotonic clock."""
        return time.monotonic()


def _steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000
