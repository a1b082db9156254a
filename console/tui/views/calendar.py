"""Days and moments in the operator's calendar, in the few letters that fit. Pure.

The names are our own: those of the system's locale may be of any length, and not ASCII.
"""

from __future__ import annotations

from datetime import date

from console.tui.figures import clock_time
from console.tui.reckoning import day_of

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short_day(day: date) -> str:
    """`22 Nov`."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def week_day(day: date) -> str:
    """`Sat 22`."""
    return f"{WEEKDAYS[day.weekday()]} {day.day}"


def moment(at_ms: int, now_ms: int, zone_s: int) -> str:
    """`13:48:07` of today, `21 Nov 13:48` of another day."""
    day = day_of(at_ms, zone_s)
    if day == day_of(now_ms, zone_s):
        return clock_time(at_ms, zone_s)
    return f"{short_day(day)} {clock_time(at_ms, zone_s)[:5]}"
