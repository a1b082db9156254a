"""Slots: where sequences are computed, and what each still holds of an earlier prompt.

A sequence that is over leaves its computed tokens in its slot until the slot is needed. A new prompt that
begins alike goes on from there. The network's prompts and the operator's own never share
(docs/decisions/0017-prompts-that-begin-alike.md).
Pure: it says what to do, the batcher has it done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from console.engine.port import Source

COPY_LEAST = 64
"""Tokens for which copying a slot's whole memory is surely cheaper than computing them again."""


class Place(NamedTuple):
    """Where a new sequence goes."""

    slot: int
    reused: int
    """Tokens of the prompt that are computed already, there or in `copied_from`."""
    copied_from: int | None


@dataclass(slots=True)
class _Slot:
    ids: list[int] = field(default_factory=list)
    source: Source = "network"
    busy: bool = False
    left: int = 0


class Slots:
    """All slots of one context."""

    def __init__(self, count: int) -> None:
        """`count`: sequences that can run at once."""
        self._slots = [_Slot() for _ in range(count)]
        self._left = 0

    @property
    def free(self) -> int:
        """Slots that no sequence runs in."""
        return sum(not slot.busy for slot in self._slots)

    def held(self, slot: int) -> tuple[int, ...]:
        """What is computed in `slot`."""
        return tuple(self._slots[slot].ids)

    def take(self, ids: Sequence[int], source: Source, most: int) -> Place:
        """Occupy a free slot for `ids`; at most `most` of them are taken over from earlier prompts.

        There must be a free slot.
        """
        wanted = list(ids[:most])
        alike = [_alike(wanted, s.ids) if s.source == source else 0 for s in self._slots]
        place = self._place(alike)
        slot = self._slots[place.slot]
        slot.ids, slot.source, slot.busy = wanted[: place.reused], source, True
        return place

    def computed(self, slot: int, ids: Sequence[int]) -> None:
        """`ids` are going to be computed at the end of `slot`."""
        self._slots[slot].ids.extend(ids)

    def lose(self, slot: int) -> None:
        """Nothing in `slot` can be relied on any more."""
        self._slots[slot].ids = []

    def leave(self, slot: int) -> None:
        """The sequence in `slot` is over; what it computed stays."""
        self._left += 1
        self._slots[slot].busy, self._slots[slot].left = False, self._left

    def _place(self, alike: list[int]) -> Place:
        free = [number for number, slot in enumerate(self._slots) if not slot.busy]
        target = min(free, key=self._cost)
        at_home = max(free, key=lambda number: alike[number])
        half = 0 < len(self._slots[at_home].ids) <= 2 * alike[at_home]
        if half and self._beside(at_home) >= self._beside(target):
            return Place(at_home, alike[at_home], None)
        model = max(range(len(alike)), key=lambda number: alike[number])
        if model != target and alike[model] >= max(COPY_LEAST, alike[target] + 1):
            return Place(target, alike[model], model)
        return Place(target, alike[target], None)

    def _cost(self, number: int) -> tuple[int, int]:
        """Neighbours of running slots first, since a gap splits the batch; then the longest unused."""
        return -self._beside(number), self._slots[number].left

    def _beside(self, number: int) -> int:
        """How many of its neighbours run."""
        neighbours = (number - 1, number + 1)
        return sum(self._slots[other].busy for other in neighbours if 0 <= other < len(self._slots))


def _alike(a: list[int], b: list[int]) -> int:
    """Length of the common beginning."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
