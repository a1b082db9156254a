"""Who ought to be in a roster, by the wire alone: beats that the coordinator got, and lines that it kept."""

from __future__ import annotations

from collections import defaultdict

from simulation.loop import SimulatedLoop
from simulation.network import Line

LAG_S = 7.0
"""From a roster to its ticket's commit, at most: an epoch may change in between, on a slow disk."""
_AFTER_S = 1.0


class Attendance:
    """Spans in which each node was surely here, and those in which it may have been."""

    def __init__(self, loop: SimulatedLoop, heartbeat_s: float) -> None:
        self._loop = loop
        self._sure_s = heartbeat_s + 2.0
        self._silence_s = 3 * heartbeat_s
        self._here: dict[str, list[list[float]]] = defaultdict(list)
        self._perhaps: dict[str, list[list[float]]] = defaultdict(list)
        self._line: dict[str, Line] = {}

    def watch(self, node: str, line: Line) -> None:
        """`line` is `node`'s from now on, if the coordinator welcomes it."""
        line.on_down = lambda frame: self._sent(node, line, frame)
        line.on_up = lambda frame: self._got(node, line, frame)
        line.on_over = lambda: self._over(node, line)

    def surely(self, node: str, at_s: float) -> bool:
        """Whether a roster whose ticket was committed at `at_s` has to list the node, by its presence."""
        spans = self._here[node]
        return any(start <= at_s - LAG_S and at_s + _AFTER_S <= end for start, end in spans)

    def possibly(self, node: str, at_s: float) -> bool:
        """Whether such a roster may list it."""
        return any(start <= at_s and end >= at_s - LAG_S for start, end in self._perhaps[node])

    def _sent(self, node: str, line: Line, frame: str) -> None:
        if '"type":"welcome"' in frame:
            self._line[node] = line

    def _got(self, node: str, line: Line, frame: str) -> None:
        if self._line.get(node) is not line or '"type":"heartbeat"' not in frame:
            return
        now_s = self._loop.time()
        if '"ready":true' not in frame:
            self._end(node)
            return
        _extend(self._here[node], now_s, now_s + self._sure_s)
        _extend(self._perhaps[node], now_s, now_s + self._silence_s + LAG_S)

    def _over(self, node: str, line: Line) -> None:
        if self._line.get(node) is line:
            del self._line[node]
            self._end(node)

    def _end(self, node: str) -> None:
        spans = self._here[node]
        if spans:
            spans[-1][1] = min(spans[-1][1], self._loop.time())


def _extend(spans: list[list[float]], start_s: float, end_s: float) -> None:
    if spans and spans[-1][1] >= start_s:
        spans[-1][1] = max(spans[-1][1], end_s)
    else:
        spans.append([start_s, end_s])
