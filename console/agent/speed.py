"""How fast a piece of work gets on, and how long it still takes. Pure."""

from __future__ import annotations

from collections import deque

from console.models.hashing import Progress

WINDOW_S = 10.0
LEAST_S = 1.0
"""Before so long, a rate would be a guess."""


class Speed:
    """Over the last seconds of one stage."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._stage = ""

    def sentence(self, now_s: float, progress: Progress) -> str:
        """`14 MB/s, 3 min left`; empty while it is not known."""
        if progress.stage != self._stage:
            self._seen.clear()
            self._stage = progress.stage
        self._seen.append((now_s, progress.done_bytes))
        while now_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        first_s, first_bytes = self._seen[0]
        took_s, got = now_s - first_s, progress.done_bytes - first_bytes
        if took_s < LEAST_S or got <= 0:
            return ""
        rate = got / took_s
        left_s = round((progress.total_bytes - progress.done_bytes) / rate)
        left = f"{left_s} s" if left_s < 120 else f"{left_s // 60} min"
        speed = f"{rate / 1e6:.0f} MB/s" if rate >= 1e7 else f"{rate / 1e6:.1f} MB/s"
        return f"{speed}, {left} left"
