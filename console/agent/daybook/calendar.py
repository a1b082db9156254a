"""The operator's calendar: where one day ends and the next begins, over every change of clocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta, tzinfo


def day_of(at_ms: int, zone: tzinfo | None = None) -> str:
    """The day of `at_ms`, e.g. `2026-11-22`. `zone` None: this machine's."""
    return f"{datetime.fromtimestamp(at_ms // 1000, zone):%Y-%m-%d}"


def day_before(at_ms: int, days: int, zone: tzinfo | None = None) -> str:
    """The day so many days before that of `at_ms`."""
    return f"{datetime.fromtimestamp(at_ms // 1000, zone).date() - timedelta(days=days):%Y-%m-%d}"


def day_start_ms(at_ms: int, zone: tzinfo | None = None) -> int:
    """When the day of `at_ms` began."""
    return _midnight_ms(datetime.fromtimestamp(at_ms // 1000, zone), 0, zone)


def by_day(since_ms: int, until_ms: int, zone: tzinfo | None = None) -> Iterator[tuple[str, int]]:
    """The milliseconds of each day in [since, until)."""
    while since_ms < until_ms:
        next_ms = _midnight_ms(datetime.fromtimestamp(since_ms // 1000, zone), 1, zone)
        end_ms = min(until_ms, max(next_ms, since_ms + 1))
        yield day_of(since_ms, zone), end_ms - since_ms
        since_ms = end_ms


def _midnight_ms(at: datetime, days: int, zone: tzinfo | None) -> int:
    midnight = datetime.combine(at.date() + timedelta(days=days), time(), zone)
    return round(midnight.timestamp() * 1000)
