"""What nodes are told of their surroundings: the groups, counted at most once per slot."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from console.protocol.messages import GROUPS_LIMIT, GroupNow

_MINUTE_S = 60.0
_REQUESTS_KEPT = 100_000
"""Above so many requests in one minute, as many are told."""


class Census:
    """Keeps the last count, and the requests of the last minute. `count` is asked for a new one."""

    def __init__(self, count: Callable[[int], tuple[GroupNow, ...]]) -> None:
        """`count` is given the requests of the last minute."""
        self._count = count
        self._requests: deque[float] = deque(maxlen=_REQUESTS_KEPT)
        self._slot = -1
        self._groups: tuple[GroupNow, ...] = ()

    def requested(self, now_s: float) -> None:
        """The network took on a request."""
        self._requests.append(now_s)

    def groups(self, slot: int, now_s: float) -> tuple[GroupNow, ...]:
        """As they stood at the first question in `slot`; the largest first."""
        if slot != self._slot:
            while self._requests and self._requests[0] <= now_s - _MINUTE_S:
                self._requests.popleft()
            found = self._count(len(self._requests))
            self._groups = tuple(sorted(found, key=lambda group: (-group.nodes, group.group))[:GROUPS_LIMIT])
            self._slot = slot
        return self._groups
