"""For how long a node may be paused: what the dialog offers, and until when each would be. Pure."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone, tzinfo

from console.control.moments import moment_words, next_ms

HOUR_MS = 3_600_000
MORNING = 8
NIGHT_ENDS = 6
"""Before this hour, `tomorrow` may as well mean the morning that comes next: both are offered."""
_LABEL_WIDTH = 22


def pause_choices(now_ms: int, zone: tzinfo | None) -> list[tuple[str, int]]:
    """Each answer with its local time, and the moment in milliseconds; 0: until resumed."""
    named = [("1 hour", now_ms + HOUR_MS), ("4 hours", now_ms + 4 * HOUR_MS)]
    if datetime.fromtimestamp(now_ms / 1000, zone).hour < NIGHT_ENDS:
        named.append((f"this morning {MORNING:02d}:00", next_ms(MORNING, 0, now_ms, zone)))
    named.append((f"tomorrow {MORNING:02d}:00", next_ms(MORNING, 0, now_ms, zone, days=1)))
    choices = [(f"{name:<{_LABEL_WIDTH}}until {moment_words(at, zone)}", at) for name, at in named]
    return [*choices, (f"{'until I resume':<{_LABEL_WIDTH}}also after a restart", 0)]


def zone_of(offset_s: int, now_ms: int) -> tzinfo | None:
    """The machine's own zone, with the nights on which its clocks change, where `offset_s` is its offset."""
    if time.localtime(now_ms / 1000).tm_gmtoff == offset_s:
        return None
    return timezone(timedelta(seconds=offset_s))
