"""Times as operators name them: `2h30m`, `08:00`, `tomorrow 08:00`, `2026-11-23T08:00`. Pure, given a zone.

A zone of None is the machine's own, with its summer time.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta, tzinfo

LONGEST_MS = 366 * 86_400_000
"""A pause ends by itself within a year, or not at all."""

_SPAN = re.compile(
    r"(?:(\d{1,3})\s*d)?\s*(?:(\d{1,4})\s*h)?\s*(?:(\d{1,6})\s*m(?:in)?)?\s*(?:(\d{1,8})\s*s)?", re.ASCII
)
_SECONDS = (86_400, 3_600, 60, 1)
_CLOCK = re.compile(r"(tomorrow\s+)?(\d{1,2}):(\d{2})", re.ASCII | re.IGNORECASE)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MomentError(ValueError):
    """No such time; the text says what would be one."""


def span_ms(text: str) -> int:
    """The length of `2h30m`, `90m`, `1d` or `45s`, in milliseconds.

    Raises:
        MomentError: not a length, none at all, or more than a year.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    parts = zip(found.groups(), _SECONDS, strict=True) if found else ()
    length_ms = 1000 * sum(int(count) * seconds for count, seconds in parts if count)
    if not length_ms:
        raise MomentError(f"{text[:40]!r} is no length of time; write for example 2h30m, 90m or 1d.")
    if length_ms > LONGEST_MS:
        raise MomentError("A pause may last a year at most.")
    return length_ms


def moment_ms(text: str, now_ms: int, zone: tzinfo | None = None) -> int:
    """When `text` is: a time of day, tomorrow's if today's has passed or it says so, or a day and time.

    Raises:
        MomentError: not a time, in the past, or more than a year ahead.
    """
    clock = _CLOCK.fullmatch(text.strip())
    try:
        if clock:
            return next_ms(int(clock[2]), int(clock[3]), now_ms, zone, days=1 if clock[1] else 0)
        at = datetime.fromisoformat(text.strip())
        if not _names_a_time(text):
            raise MomentError(
                f"{text[:40]!r} names a day without a time; write for example {text[:10]}T08:00."
            )
        at_ms = round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
        if at_ms <= now_ms:
            raise MomentError(f"{text[:40]!r} has passed already.")
    except MomentError:
        raise
    except (ValueError, OverflowError, OSError) as error:
        raise MomentError(
            f"{text[:40]!r} is no time; write for example 08:00, 'tomorrow 08:00' or 2026-11-23T08:00."
        ) from error
    if at_ms > now_ms + LONGEST_MS:
        raise MomentError("A pause may last a year at most.")
    return at_ms


def next_ms(hour: int, minute: int, now_ms: int, zone: tzinfo | None = None, *, days: int = 0) -> int:
    """When the clock shows `hour`:`minute` next; with `days`, on the day so many days after today.

    Raises:
        ValueError: no such time of day.
    """
    now = datetime.fromtimestamp(now_ms / 1000, zone)
    at_ms = _on(now, days, time(hour, minute))
    return at_ms if days or at_ms > now_ms else _on(now, 1, time(hour, minute))


def moment_words(at_ms: int, zone: tzinfo | None = None) -> str:
    """`Mon 23 Nov 08:00`: the same words whenever they are read."""
    at = datetime.fromtimestamp(at_ms / 1000, zone)
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at:%H:%M}"


def _on(now: datetime, days: int, at: time) -> int:
    day = now.date() + timedelta(days=days)
    return round(datetime.combine(day, at, now.tzinfo).timestamp() * 1000)


def _names_a_time(text: str) -> bool:
    return ":" in text or "T" in text.upper()
