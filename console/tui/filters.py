"""What is typed after `/`: words that a thing must have or must not have, and days it must be of. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from console.tui.reckoning import DAY_MS, day_of

_EPOCH = date(1970, 1, 1)


class Filter(NamedTuple):
    """The words of a filter, in lower case, and its days."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    """When each day begins and when the next one does, milliseconds since 1970."""

    def fits(self, text: str) -> bool:
        """Whether `text`, in lower case, has all that is wanted and nothing that is not."""
        return all(word in text for word in self.wanted) and not any(word in text for word in self.unwanted)

    def holds(self, at_ms: int) -> bool:
        """Whether `at_ms` lies in every day that is asked for."""
        return all(begin <= at_ms < end for begin, end in self.days)


EVERYTHING_FITS = Filter()


def parse(text: str, now_ms: int = 0, zone_s: int = 0) -> Filter:
    """The filter that `text` means: words, each with a `!` before it if it must be absent; and `today`,
    `yesterday` or a day like `2026-11-25`, as the operator's calendar has them at `now_ms`."""
    words = text.lower().split()
    today = day_of(now_ms, zone_s)
    days = {word: day for word in words if (day := _day(word, today)) is not None}
    bare = [word.lstrip("!") for word in words if word.startswith("!")]
    wanted = tuple(word for word in words if not word.startswith("!") and word not in days)
    return Filter(wanted, tuple(filter(None, bare)), tuple(_span(day, zone_s) for day in days.values()))


def _day(word: str, today: date) -> date | None:
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    try:
        return date.fromisoformat(word) if len(word) == len("2026-11-25") else None
    except ValueError:
        return None


def _span(day: date, zone_s: int) -> tuple[int, int]:
    begin = (day - _EPOCH).days * DAY_MS - zone_s * 1000
    return begin, begin + DAY_MS
