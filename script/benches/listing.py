"""The roster of a group while queues fill and empty, by the coordinator's own rules, and draws from it."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
import numpy.typing as npt

from benches.traffic import Group
from console.coordinator.rosters import exclusion
from console.fairness import Roster, pick, roster_of

Figures = npt.NDArray[np.float64]
_NONCE = "00" * 16


class Draw:
    """The product's draw under one fixed seed: the job's number is what varies."""

    def __init__(self, seed: tuple[int, ...]) -> None:
        self._seed = hashlib.sha256(repr(seed).encode()).hexdigest()

    def index(self, job: int, root: str, size: int) -> int:
        """Below `size`."""
        return pick(self._seed, _NONCE, f"{job:032x}", root, size, 1).index


class Odds(msgspec.Struct, frozen=True):
    """What the rosters of all draws promised: mean and variance of the wins."""

    expected: Figures
    """Per node."""
    variance: Figures
    expected_fast: float
    """Of the fast nodes together."""
    variance_fast: float


class Listing:
    """Who may be drawn just now."""

    def __init__(self, group: Group) -> None:
        self._rules = group.rules
        self._nodes = list(group.nodes)
        self._is_fast = np.arange(len(group)) < group.fast
        self._listed = np.zeros(len(group), dtype=bool)
        self._listed[list(group.listed)] = True
        self._roster: Roster | None = None
        self._members: list[int] = []
        self.forget()

    def forget(self) -> None:
        """Odds count from here."""
        self._draws = 0
        self._expected, self._variance = np.zeros(len(self._nodes)), np.zeros(len(self._nodes))
        self._fast = np.zeros(2)

    def moved(self, node: int, by: int) -> None:
        """`node` was given a job (1) or has answered one (−1)."""
        was = self._nodes[node]
        now = msgspec.structs.replace(was, open_jobs=was.open_jobs + by)
        self._nodes[node] = now
        listed = exclusion(now, self._rules) is None
        if listed != self._listed[node]:
            self._settle()
            self._listed[node] = listed
            self._roster = None

    def draw(self, draw: Draw, job: int) -> int | None:
        """The number of the node that `job` falls to; None when every queue is full."""
        if self._roster is None:
            self._members = np.flatnonzero(self._listed).tolist()
            if not self._members:
                return None
            self._roster = roster_of(tuple(self._nodes[n].node for n in self._members))
        self._draws += 1
        return self._members[draw.index(job, self._roster.root, len(self._members))]

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the nodes listed, sorted."""
        return tuple(self._nodes[n].node for n in np.flatnonzero(self._listed))

    @property
    def odds(self) -> Odds:
        """Of all draws since `forget`."""
        self._settle()
        return Odds(self._expected.copy(), self._variance.copy(), float(self._fast[0]), float(self._fast[1]))

    def _settle(self) -> None:
        """Book the draws that the present roster saw."""
        if not self._draws:
            return
        members = self._listed
        chance = 1 / len(self._members)
        fast = int(np.count_nonzero(members & self._is_fast)) * chance
        self._expected[members] += self._draws * chance
        self._variance[members] += self._draws * chance * (1 - chance)
        self._fast += self._draws * np.array([fast, fast * (1 - fast)])
        self._draws = 0
