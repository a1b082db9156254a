"""Who of a roster is left out of a draw, by the context that its job needs. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping

import msgspec

from console.coordinator.rosters.rosters import (
    GONE,
    Candidate,
    Eligible,
    Rules,
    SlotRoster,
    exclusion,
    left_out,
    left_out_code,
)
from console.protocol.ids import NodeId


class Needs:
    """The nodes of a roster as they were at one moment.

    Of a job the rules look at nothing but its need of context, and each job has a need of its own. Needs that
    lie between the same two contexts of nodes leave out the same nodes: that is worked out once for them all.
    """

    def __init__(self, listed: SlotRoster, one: Callable[[NodeId], Candidate | None], rules: Rules) -> None:
        """`one`: the node as it is now, None when it is gone. `rules`: for no job in particular."""
        self.rules = rules
        self._listed = listed
        self._nodes: Mapping[NodeId, Candidate | None] = {node: one(node) for node in listed.ids}
        offers = (seen.offer for seen in self._nodes.values() if seen is not None)
        self._contexts = sorted({offer.context for offer in offers if offer is not None})
        self._classes: dict[int, Eligible] = {}

    def of(self, context: int) -> Eligible:
        """For a job of `context` tokens."""
        which = bisect_left(self._contexts, context)
        if which not in self._classes:
            rules = msgspec.structs.replace(self.rules, context=context)
            codes = {node: code for node, seen in self._nodes.items() if (code := _why_not(seen, rules))}
            self._classes[which] = left_out(self._listed, codes)
        return self._classes[which]


def _why_not(seen: Candidate | None, rules: Rules) -> str:
    why = exclusion(seen, rules) if seen is not None else GONE
    return "" if why is None else left_out_code(why)
