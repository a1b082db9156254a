"""Times, shares and sizes in the few characters that a person reads at a glance. Pure."""

from __future__ import annotations


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
