"""What each node could expect of an epoch's draws, and what it won: one pass over them for all nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from console.fairness.check import chances
from console.fairness.findings import NodeShare
from console.protocol.ids import NodeId
from console.protocol.transcript import DrawRecord, Transcript


class Share(msgspec.Struct, frozen=True):
    """Draws in which a node could be drawn, those it won, the expectation, and its variance."""

    draws: int = 0
    won: int = 0
    expected: float = 0.0
    variance: float = 0.0

    def plus(self, more: Share, times: int = 1) -> Share:
        """Both together; `times` −1: without `more`."""
        return Share(
            self.draws + times * more.draws,
            self.won + times * more.won,
            self.expected + times * more.expected,
            self.variance + times * more.variance,
        )

    def of(self, node: NodeId) -> NodeShare:
        """As it is told."""
        return NodeShare(node, self.draws, self.won, round(1000 * self.expected), round(1000 * self.variance))


def shares_of(transcript: Transcript) -> dict[NodeId, Share]:
    """Of every node that stands in one of the epoch's rosters. Hostile input raises nothing."""
    places = {root: _places(ids) for root, ids in transcript.members.items()}
    of_root: dict[str, Share] = {}
    found: dict[NodeId, Share] = {}
    for draw in transcript.draws:
        root = draw.ticket.roster_root
        if not draw.node or root not in places:
            continue
        chance = 1 / max(1, chances(draw.ticket))
        one = Share(1, 0, chance, chance * (1 - chance))
        of_root[root] = of_root.get(root, Share()).plus(one)
        left_out = set(_left_out(draw, transcript.members[root], places[root]))
        for node in left_out:
            found[node] = found.get(node, Share()).plus(one, -1)
        if draw.node in places[root] and draw.node not in left_out:
            found[draw.node] = found.get(draw.node, Share()).plus(Share(won=1))
    for root, its in places.items():
        for node in its:
            found[node] = found.get(node, Share()).plus(of_root.get(root, Share()))
    return found


def _places(ids: tuple[NodeId, ...]) -> dict[NodeId, int]:
    """Where each stands; of one that stands twice, where it stands first."""
    return {node: place for place, node in reversed(list(enumerate(ids)))}


def _left_out(draw: DrawRecord, ids: tuple[NodeId, ...], places: Mapping[NodeId, int]) -> Iterator[NodeId]:
    for one in draw.excluded:
        if 0 <= one.index < len(ids) and places[ids[one.index]] == one.index:
            yield ids[one.index]
