"""This slot's roster, who of it is left out just now, and what each node could expect of the draws.

A draw must not cost a look at every node: who is left out is worked out again when something changed, once
for all jobs that the same nodes can hold, and a draw's chance is added up once for the whole roster, less
what those get who were left out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from console.coordinator.clock import Clock
from console.coordinator.rosters.needs import Needs
from console.coordinator.rosters.rosters import Candidate, Eligible, Rules, SlotRoster, left_out, roster_ids
from console.coordinator.rosters.slots import SlotClock
from console.fairness import Share
from console.protocol.ids import NodeId


@dataclass(frozen=True, slots=True)
class Look:
    """How the listing sees the nodes."""

    all: Callable[[], Iterable[Candidate]]
    one: Callable[[NodeId], Candidate | None]
    here: Callable[[NodeId], bool]
    """Whether it has a session, without a look at it."""
    rules: Callable[[int], Rules]
    """For a job of so many tokens; 0: for none in particular, and they differ in nothing else."""


class Listing:
    """The roster of the present slot."""

    def __init__(self, look: Look, clock: Clock, slot_s: int) -> None:
        self._look = look
        self._clock = clock
        self._slot_s = slot_s
        self._listed = SlotRoster(-1, ())
        self._needs: Needs | None = None
        """Of the listed nodes, since something about one of them changed."""
        self._sums: dict[NodeId, Share] = {}
        self._all, self._less = Share(), dict[NodeId, Share]()
        """Of the draws since the roster's members changed: for everybody, and less for who was left out."""
        self.begin(-1)

    def begin(self, last: int) -> None:
        """Number slots from here on, above `last`: whatever the wall clock does, none comes twice.

        Above the present one, too: a run before this one that ended a moment ago may have told nodes of it.
        """
        now_slot = self._clock.now_ms() // (1000 * self._slot_s)
        self._slots = SlotClock(max(now_slot, last) + 1, self._clock.tick_s(), self._slot_s)

    def changed(self) -> None:
        """Something about a node changed that may decide whether it can be drawn."""
        self._needs = None

    def forget(self, node: NodeId) -> None:
        """A session is over, and what was counted in it with it."""
        self._sums[node] = Share().plus(self._running(node), -1)
        self.changed()

    def now(self) -> SlotRoster:
        """The roster of this slot. Who comes later stands in the next one; who leaves is left out of draws.

        An empty one is no roster: nobody can be drawn from it, and it is made anew until there is somebody.
        """
        slot = self._slots.slot(self._clock.tick_s())
        if slot != self._listed.slot or not self._listed.ids:
            ids = roster_ids(self._look.all(), self._look.rules(0))
            self._move(self._listed.at(slot) if ids == self._listed.ids else SlotRoster(slot, ids))
        return self._listed

    def eligible(self, context: int, tried: frozenset[NodeId] = frozenset()) -> Eligible:
        """This slot's roster, and who of it is left out of a draw for a job of `context` tokens."""
        listed, rules = self.now(), self._look.rules(0)
        if self._needs is None or self._needs.rules != rules:
            self._needs = Needs(listed, self._look.one, rules)
        found = msgspec.structs.replace(self._needs.of(context), at_ms=self._clock.now_ms())
        if not tried:
            return found
        codes = {listed.ids[one.index]: one.code for one in found.excluded}
        others = left_out(listed, codes | {node: "tried" for node in tried if listed.place(node) >= 0})
        return msgspec.structs.replace(others, at_ms=found.at_ms)

    def drawn(self, roster: Eligible, winner: NodeId) -> None:
        """A draw took place among `roster`, which may be of an earlier slot: a client takes its time."""
        chance = 1 / roster.chances
        of_each = Share(1, 0, chance, chance * (1 - chance))
        if roster.listed.ids is self._listed.ids:  # as long as its members are the same
            self._all = self._all.plus(of_each)
            for one in roster.excluded:
                self._add(self._less, roster.listed.ids[one.index], of_each)
        else:
            for node in roster.ids:
                self._add(self._sums, node, of_each)
        self._add(self._sums, winner, Share(won=1))

    @staticmethod
    def _add(to: dict[NodeId, Share], node: NodeId, more: Share) -> None:
        to[node] = to.get(node, Share()).plus(more)

    def share(self, node: NodeId) -> Share:
        """What came of the draws of this session."""
        return self._sums.get(node, Share()).plus(self._running(node))

    def _running(self, node: NodeId) -> Share:
        if self._listed.place(node) < 0:
            return Share()
        return self._all.plus(self._less.get(node, Share()), -1)

    def _move(self, to: SlotRoster) -> None:
        """From one slot into the next; sums are carried over when its members are others."""
        if to.ids != self._listed.ids:
            if self._all.draws:
                for node in self._listed.ids:
                    self._sums[node] = self.share(node)
            self._sums = {n: sums for n, sums in self._sums.items() if self._look.here(n)}
            self._all, self._less = Share(), {}
        self._listed = to
        self.changed()
