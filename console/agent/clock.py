"""The agent's clocks, handed to everything that needs the time."""

from __future__ import annotations

import time
from collections.abc import Callable

NowMs = Callable[[], int]
"""Milliseconds since the Unix epoch."""


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def steady(now_ms: NowMs) -> NowMs:
    """A clock that starts with `now_ms` and never jumps: for durations. It stands still in a suspend."""
    ahead_ms = now_ms() - time.monotonic_ns() // 1_000_000
    return lambda: time.monotonic_ns() // 1_000_000 + ahead_ms


def local_day(at_ms: int) -> str:
    """The operator's calendar day at `at_ms`, e.g. `2026-11-22`."""
    return time.strftime("%Y-%m-%d", time.localtime(at_ms / 1000))
