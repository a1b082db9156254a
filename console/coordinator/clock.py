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
        """Milliseconds since 1970, for stamps."""
        ...

    def tick_s(self) -> float:
        """Seconds of a monotonic clock, for durations."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Wall clock."""
        return time.time_ns() // 1_000_000

    def tick_s(self) -> float:
        """Monotonic clock."""
        return time.monotonic()
