"""Slots' rosters while queues fill and empty, by the coordinator's own rules, and draws from them."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
import numpy.typing as npt

from benches.traffic import UNIT_S, Group
from console.coordinator.rosters.rosters import Eligible, SlotRoster, exclusion, left_out, left_out_code
from console.fairness import pick, roster_of
from console.protocol.ids import NodeId

Figures = npt.NDArray[np.float64]
_NONCE = "00" * 16


class Draw:
    """The product's draw under one fixed seed: the job's number is what varies."""

    def __init__(self, seed: tuple[int, ...]) -> None:
        self._seed = hashlib.sha256(repr(seed).encode()).hexdigest()

    def index(self, job: int, root: str, size: int, without: frozenset[int] = frozenset()) -> int:
        """Below `size`, and none of `without`."""
        return pick(self._seed, _NONCE, f"{job:032x}", root, size, 1, without).index


class Odds(msgspec.Struct, frozen=True):
    """What the rosters of all draws promised: mean and variance of the wins."""

    expected: Figures
    """Per node."""
    variance: Figures
    expected_fast: float
    """Of the fast nodes together."""
    variance_fast: float


class Listing:
    """The roster of the present slot, and who of it may be drawn just now."""

    def __init__(self, group: Group) -> None:
        self._rules = group.rules
        self._slot_units = group.policy.slot_s / UNIT_S
        self._nodes = list(group.nodes)
        self._number = {node.node: number for number, node in enumerate(self._nodes)}
        self._is_fast = np.arange(len(group)) < group.fast
        self._why_not = {node.node: self._code(number) for number, node in enumerate(self._nodes)}
        self._listed = SlotRoster(-1, ())
        self._root = ""
        self._now: Eligible | None = None
        self._members: list[int] = []
        self._without: frozenset[int] = frozenset()
        self._draws = 0
        self.forget()

    def forget(self) -> None:
        """Odds count from here."""
        self._draws = 0
        self._expected, self._variance = np.zeros(len(self._nodes)), np.zeros(len(self._nodes))
        self._fast = np.zeros(2)

    def moved(self, node: int, by: int) -> None:
        """`node` was given a job (1) or has answered one (−1)."""
        was = self._nodes[node]
        self._nodes[node] = msgspec.structs.replace(was, open_jobs=was.open_jobs + by)
        code = self._code(node)
        if code != self._why_not[was.node]:
            self._why_not[was.node] = code
            self._now = None

    def slot(self, at: float) -> int:
        """The slot that `at` lies in."""
        return int(at / self._slot_units)

    def begins(self, slot: int) -> float:
        """When it does."""
        return slot * self._slot_units

    def make(self, slot: int) -> None:
        """The roster of `slot`: who meets every rule now, as the coordinator has it."""
        ids = self._ids()
        if ids != self._listed.ids:
            self._now = None
            self._root = roster_of(ids).root if ids else ""
        self._listed = SlotRoster(slot, ids)

    def draw(self, draw: Draw, job: int) -> int | None:
        """The number of the node that `job` falls to; None when every queue is full."""
        if not self._listed.ids:
            self.make(self._listed.slot)
        if self._now is None:
            self._settle()
            self._now = left_out(self._listed, {n: code for n, code in self._why_not.items() if code})
            self._members = [self._number[node] for node in self._now.ids]
            self._without = frozenset(one.index for one in self._now.excluded)
        if not self._members:
            return None
        self._draws += 1
        ids = self._listed.ids
        return self._number[ids[draw.index(job, self._root, len(ids), self._without)]]

    @property
    def odds(self) -> Odds:
        """Of all draws since `forget`."""
        self._settle()
        return Odds(self._expected.copy(), self._variance.copy(), float(self._fast[0]), float(self._fast[1]))

    @property
    def listed(self) -> SlotRoster:
        """The roster of the slot."""
        return self._listed

    def _ids(self) -> tuple[NodeId, ...]:
        return tuple(node for node, code in self._why_not.items() if code in ("", "queue_full"))

    def _code(self, node: int) -> str:
        why = exclusion(self._nodes[node], self._rules)
        return "" if why is None else left_out_code(why)

    def _settle(self) -> None:
        """Book the draws that were made among the present members."""
        if not self._draws:
            return
        chance = 1 / len(self._members)
        fast = int(np.count_nonzero(self._is_fast[self._members])) * chance
        self._expected[self._members] += self._draws * chance
        self._variance[self._members] += self._draws * chance * (1 - chance)
        self._fast += self._draws * np.array([fast, fast * (1 - fast)])
        self._draws = 0
