"""Slots: the network's own counting of time, which only goes forward. Pure."""

from __future__ import annotations

import msgspec


class SlotClock(msgspec.Struct, frozen=True):
    """Numbers slots by a steady clock: one that was set back would give a slot two rosters."""

    first: int
    """The slot at `started_s`."""
    started_s: float
    slot_s: int

    def slot(self, now_s: float) -> int:
        """The slot at `now_s` of the steady clock."""
        return self.first + int((now_s - self.started_s) // self.slot_s)
