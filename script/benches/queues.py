"""Three rules for who gets a job, played event by event: live draws, idle draws, pull queues."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benches.listing import Draw, Listing, Odds
from benches.traffic import Group, Traffic
from console.fairness import roster_of

REFUSED = -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each job: the node that served it or `REFUSED`, and when (NaN when refused)."""

    node: npt.NDArray[np.int64]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    odds: Odds | None = None
    """What the rosters promised, of the jobs after the warm-up; only live draws have rosters."""


class _Played:
    """Jobs as they are decided."""

    def __init__(self, group: Group, traffic: Traffic) -> None:
        jobs = len(traffic.at)
        self._work, self._rates = traffic.work, group.rates
        self.node = [REFUSED] * jobs
        self.start, self.end = [float("nan")] * jobs, [float("nan")] * jobs

    def begin(self, job: int, node: int, start: float) -> float:
        """`node` works on `job` from `start`; until when."""
        end = start + self._work[job] / self._rates[node]
        self.node[job], self.start[job], self.end[job] = node, start, end
        return end

    def outcome(self, odds: Odds | None = None) -> Outcome:
        """All of them."""
        return Outcome(np.array(self.node), np.array(self.start), np.array(self.end), odds)


def live_draws(group: Group, traffic: Traffic) -> Outcome:
    """One draw over all listed nodes; each has its own queue, first come first served.

    A node whose queue is full when a slot begins is not in the slot's roster, one whose queue is full at a
    draw is left out of it; a job that finds nobody is refused at once.
    """
    listing, draw, played = Listing(group), Draw(traffic.seed), _Played(group, traffic)
    free_at = [0.0] * len(group)
    ends: list[tuple[float, int]] = []
    for job, at in enumerate(traffic.at):
        if (slot := listing.slot(at)) != listing.listed.slot:
            _answered(ends, listing.begins(slot), listing)
            listing.make(slot)
        _answered(ends, at, listing)
        if job == traffic.warm_up:
            listing.forget()
        node = listing.draw(draw, job)
        if node is not None:
            free_at[node] = played.begin(job, node, max(at, free_at[node]))
            heappush(ends, (free_at[node], node))
            listing.moved(node, 1)
    return played.outcome(listing.odds)


def _answered(ends: list[tuple[float, int]], until: float, listing: Listing) -> None:
    while ends and ends[0][0] <= until:
        listing.moved(heappop(ends)[1], -1)


class _Idle(Protocol):
    """Nodes without a job."""

    def __len__(self) -> int: ...

    def add(self, node: int) -> None: ...

    def take(self, job: int) -> int: ...


class _Drawn:
    """Idle nodes of which one is drawn, by the same draw as ours."""

    def __init__(self, group: Group, traffic: Traffic) -> None:
        self._nodes = list(group.listed)
        self._draw, self._root = Draw(traffic.seed), roster_of(tuple(n.node for n in group.nodes)).root

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, node: int) -> None:
        self._nodes.append(node)

    def take(self, job: int) -> int:
        index = self._draw.index(job, self._root, len(self._nodes))
        self._nodes[index], self._nodes[-1] = self._nodes[-1], self._nodes[index]
        return self._nodes.pop()


class _Asking:
    """Idle nodes that asked for a job and wait in line for one."""

    def __init__(self, group: Group) -> None:
        self._nodes = deque(group.listed)

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, node: int) -> None:
        self._nodes.append(node)

    def take(self, job: int) -> int:
        return self._nodes.popleft()


def idle_draws(group: Group, traffic: Traffic) -> Outcome:
    """One draw over the idle nodes; without an idle one a job waits at the coordinator for the first."""
    return _central(group, traffic, _Drawn(group, traffic))


def pull_queue(group: Group, traffic: Traffic) -> Outcome:
    """One queue at the coordinator; a node that is free takes the next job, or stands in line for it."""
    return _central(group, traffic, _Asking(group))


def _central(group: Group, traffic: Traffic, idle: _Idle) -> Outcome:
    """Holds as many jobs as all queues of ours together; more are refused."""
    played, waiting = _Played(group, traffic), deque[int]()
    room = group.policy.queue_limit * len(group.listed)
    ends: list[tuple[float, int]] = []
    for job, at in enumerate(traffic.at):
        _free(ends, at, played, waiting, idle)
        if len(idle):
            node = idle.take(job)
            heappush(ends, (played.begin(job, node, at), node))
        elif len(ends) + len(waiting) < room:
            waiting.append(job)
    _free(ends, float("inf"), played, waiting, idle)
    return played.outcome()


def _free(
    ends: list[tuple[float, int]], until: float, played: _Played, waiting: deque[int], idle: _Idle
) -> None:
    """Nodes that are done by `until` take what waits, in order."""
    while ends and ends[0][0] <= until:
        end, node = heappop(ends)
        if waiting:
            heappush(ends, (played.begin(waiting.popleft(), node, end), node))
        else:
            idle.add(node)
