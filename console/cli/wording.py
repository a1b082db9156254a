"""Figures and times as words, for the commands that print them."""

from __future__ import annotations


def ago(at_ms: int, now_ms: int) -> str:
    """How long ago, in one unit; `never` for 0."""
    if not at_ms:
        return "never"
    return f"{span((now_ms - at_ms) / 1000)} ago"


def span(seconds: float) -> str:
    """A duration in one unit."""
    whole = max(0, round(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def size(count: int | None) -> str:
    """Bytes as GB or MB; a dash for what is not known."""
    if count is None:
        return "-"
    return f"{count / 1e9:.1f} GB" if count >= 10**9 else f"{count / 1e6:.0f} MB"
