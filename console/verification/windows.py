"""Spot windows: the positions of a long answer that are recomputed, drawn by a key the node cannot know.

A prefill still runs over everything up to the last window; what windows save is logit rows, their
candidates, and whatever comes after the last one. What they cost in power: a single altered token lies in a
window with probability positions ÷ tokens, and each rule of the tolerant mode sees that many positions.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

WINDOW = 16
"""Positions of one window: the fewest that the tolerant rules take (`calibration.LEAST_POSITIONS`)."""

Windows = tuple[tuple[int, int], ...]
"""(start, length), rising and apart; none: the whole answer."""


def choose_windows(key: bytes, job: str, tokens: int, budget: int) -> Windows:
    """Windows of `WINDOW` positions, about `budget` in all, every one as likely as any other.

    The answer is cut into blocks of `WINDOW` (the last may be shorter), of which so many are drawn without
    repeating as the budget pays, at least one; neighbours become one window. An answer within the budget
    has no windows: it is recomputed whole. `key`: secret until the verdict.

    Raises:
        ValueError: the budget is below one window.
    """
    if budget < WINDOW:
        raise ValueError(f"a budget of {budget} positions is less than one window of {WINDOW}")
    if tokens <= budget:
        return ()
    blocks = list(range(-(-tokens // WINDOW)))
    drawn = []
    for turn in range(budget // WINDOW):
        drawn.append(blocks.pop(_below(len(blocks), key, job, turn)))
    return _joined(sorted(drawn), tokens)


def places(windows: Windows, tokens: int) -> tuple[int, ...]:
    """Positions that `windows` cover in an answer of `tokens`; without windows, all.

    Raises:
        ValueError: the windows overlap, go backwards, are empty or reach beyond the answer.
    """
    if not windows:
        return tuple(range(tokens))
    end = 0
    found: list[int] = []
    for start, length in windows:
        if start < end or length < 1 or start + length > tokens:
            raise ValueError("windows must rise, lie apart and end within the answer")
        end = start + length
        found.extend(range(start, end))
    return tuple(found)


def chance_of_one(positions: int, tokens: int) -> float:
    """Probability that one altered token of an answer lies where it is recomputed."""
    return positions / tokens if tokens else 0.0


def _below(count: int, key: bytes, job: str, turn: int) -> int:
    """Uniform below `count`, by rejection: no block is ever so slightly more likely."""
    limit = (1 << 64) // count * count
    attempt = 0
    while True:
        message = f"windows/v1 {job} {turn} {attempt}".encode()
        x = int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:8], "big")
        if x < limit:
            return x % count
        attempt += 1


def _joined(blocks: Iterable[int], tokens: int) -> Windows:
    windows: list[tuple[int, int]] = []
    for block in blocks:
        start = block * WINDOW
        length = min(WINDOW, tokens - start)
        if windows and sum(windows[-1]) == start:
            windows[-1] = (windows[-1][0], windows[-1][1] + length)
        else:
            windows.append((start, length))
    return tuple(windows)
