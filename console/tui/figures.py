"""Amounts, times and sizes in the few characters that a person reads at a glance. Pure."""

from __future__ import annotations

CREDIT = 1_000_000_000
"""Nano-credits in one credit."""
MICRO = 1_000
"""Nano-credits in one micro-credit."""


def credits(nano: int, *, sign: bool = False) -> str:
    """`nano` nano-credits: `12.34 cr`, `0.0842 cr`, and below a hundredth of a credit `842.5 µcr`.

    The figure is rounded towards zero: the screen never shows more than there is.
    """
    plus = "−" if nano < 0 else "+" if sign and nano > 0 else ""
    size = abs(nano)
    if size == 0:
        return "0 cr"
    if size >= CREDIT:
        return f"{plus}{size // CREDIT:,}.{size % CREDIT // 10_000_000:02d} cr"
    if size >= CREDIT // 100:
        return f"{plus}0.{size // 100_000:04d} cr"
    if size >= 1_000 * MICRO:
        return f"{plus}{size // MICRO:,} µcr"
    if size >= MICRO:
        return f"{plus}{size // MICRO}.{size % MICRO // 100} µcr"
    return f"{plus}0.{size:03d} µcr"


def exact_credits(nano: int) -> str:
    """`nano` nano-credits to the last digit, for books: `+0.000064000 cr`."""
    sign = "−" if nano < 0 else "+" if nano > 0 else " "
    return f"{sign}{abs(nano) // CREDIT:,}.{abs(nano) % CREDIT:09d} cr"


def duration(ms: int) -> str:
    """A length of time in its largest sensible unit: `0 s`, `41 s`, `12 min`, `3 h 05`, `2 d 4 h`."""
    seconds = max(0, ms) // 1000
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours} h {minutes % 60:02d}"
    return f"{hours // 24} d {hours % 24} h"


def coarse(ms: int) -> str:
    """An age in a list, in steps of 10 s, then of minutes: a column of ages must not repaint every second."""
    seconds = max(0, ms) // 1000
    if seconds < 60:
        return f"{seconds // 10 * 10} s"
    return "1 min" if seconds < 120 else duration(ms)


def ago(now_ms: int, then_ms: int) -> str:
    """How long ago, `never` for a time of zero."""
    return "never" if then_ms <= 0 else f"{duration(now_ms - then_ms)} ago"


def brief(ms: int) -> str:
    """A short measured time: `210 ms`, `1.4 s`, `—` when not measured."""
    if ms <= 0:
        return "—"
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def rate(milli_per_s: int) -> str:
    """Tokens per second from thousandths: `164`, `12.4`, `—` when nothing was measured."""
    if milli_per_s <= 0:
        return "—"
    return f"{milli_per_s / 1000:.1f}" if milli_per_s < 20_000 else f"{round(milli_per_s / 1000):,}"


def gigabytes(size: int | None) -> str:
    """Bytes as binary gigabytes without unit: `3.1`, `24`, `?` when unknown."""
    if size is None:
        return "?"
    value = size / 2**30
    return f"{value:.1f}" if value < 20 else f"{value:,.0f}"


def percent(part: int, whole: int) -> str:
    """A share: `99.5 %`; `—` of nothing. Only all of it is ever shown as 100 %."""
    if whole <= 0:
        return "—"
    if part >= whole:
        return "100 %"
    return f"{min(999, 1000 * part // whole) / 10:.1f} %"


def of_cent(value: int | None) -> str:
    """A gauge that is a percentage already: `38 %`, or `?` when the machine does not say."""
    return "?" if value is None else f"{value} %"


def clock_time(at_ms: int, offset_s: int = 0) -> str:
    """Time of day, `HH:MM:SS`, `offset_s` seconds east of UTC."""
    if at_ms <= 0:
        return "--:--:--"
    seconds = (at_ms // 1000 + offset_s) % 86400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
