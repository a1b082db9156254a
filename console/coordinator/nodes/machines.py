"""Nodes of one machine: by the digest that they claim, or as a load challenge found; who stands for it. Pure.

docs/sybils.md says what the one and the other are worth.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from console.protocol.ids import NodeId, short
from console.protocol.reasons import Reason, reason

LOOKED_AT = 16
"""Of one machine's nodes so many, beside those that stand for it, are asked whether they could: were all of
them, whoever signs in often enough under one digest would keep the coordinator busy."""

NOT_LOOKED = NodeId("")


class Group(msgspec.Struct, frozen=True):
    """Nodes that a load challenge found to be one machine."""

    nodes: tuple[NodeId, ...]
    until_ms: int
    sentence: str
    """What was seen."""


class Machines:
    """Who is signed in from which machine, in the order in which they came."""

    def __init__(self, places: int) -> None:
        """`places`: nodes of one machine that may be listed; 0: any number."""
        self._places = places
        self._nodes: dict[str, dict[NodeId, None]] = {}
        self._found: dict[NodeId, Group] = {}

    def join(self, machine: str, node: NodeId) -> tuple[NodeId, ...]:
        """`node` signed in from `machine`, empty where it does not say; who is there already."""
        if not machine:
            return ()
        there = self._nodes.setdefault(machine, {})
        others = tuple(other for other in there if other != node)
        there[node] = None
        return others

    def leave(self, machine: str, node: NodeId) -> None:
        """The node's session is over."""
        there = self._nodes.get(machine, {})
        there.pop(node, None)
        if not there:
            self._nodes.pop(machine, None)

    def of(self, machine: str) -> tuple[NodeId, ...]:
        """Who is signed in from it, the first that came first."""
        return tuple(self._nodes.get(machine, ()))

    @property
    def claimed_twice(self) -> int:
        """Nodes signed in from a machine that another one had claimed before them."""
        return sum(len(there) - 1 for there in self._nodes.values())

    def found(self, group: Group) -> None:
        """From now on they count as one, until its time is over."""
        self._found.update(dict.fromkeys(group.nodes, group))

    def counted_as_one(self, now_ms: int) -> int:
        """Nodes that a load challenge found to share a machine, and whose time is not over."""
        return sum(group.until_ms > now_ms for group in self._found.values())

    def alone(self, machine: str, node: NodeId) -> bool:
        """Whether nobody else can stand for its machine, as with almost every node: a slot asks of all."""
        crowded = self._places and len(self._nodes.get(machine, ())) > self._places
        return not crowded and node not in self._found

    def why(self, machine: str, node: NodeId, could: Callable[[NodeId], bool], now_ms: int) -> Reason | None:
        """Why another node stands for the machine of this one; None: none does. `could`: see `stands_for`."""
        twin = self.stands_for(machine, node, could)
        if twin is not None:
            return _claimed(twin) if twin else _crowded()
        group = self.group(node, now_ms)
        if group is None:
            return None
        first = next((other for other in group.nodes if other == node or could(other)), node)
        return None if first == node else _seen(first, group)

    def group(self, node: NodeId, now_ms: int) -> Group | None:
        """With whom the node counts as one."""
        group = self._found.get(node)
        if group is not None and group.until_ms <= now_ms:
            del self._found[node]
            return None
        return group

    def stands_for(self, machine: str, node: NodeId, could: Callable[[NodeId], bool]) -> NodeId | None:
        """The node that has the machine's last place before `node`; None: there is a place for `node`.

        `NOT_LOOKED`: so many came before it that not all of them are asked.
        `could`: whether a node meets every other rule. Places go to those that do, the first that came first.
        """
        if not self._places:
            return None
        taken = 0
        for before, other in enumerate(self._nodes.get(machine, {})):
            if other == node:
                return None
            taken += could(other)
            if taken == self._places:
                return other
            if before == self._places + LOOKED_AT:
                return NOT_LOOKED
        return None


def _claimed(twin: NodeId) -> Reason:
    return reason(
        "not_in_roster",
        sentence=f"Node {short(twin)} is listed for the machine that this node claims, and one machine has "
        "one chance in a draw.",
        remedy="Stop one of the two, and the other is listed. If they are two machines that were copied from "
        "one image, give this one a machine id and a host name of its own.",
        evidence="machine",
    )


def _crowded() -> Reason:
    return reason(
        "not_in_roster",
        sentence="So many nodes claim the machine that this node claims that the network does not look at "
        "all of them: it lists one of the first that can serve.",
        remedy="Stop those that this machine does not need. If they are many machines that were copied from "
        "one image, give each a machine id and a host name of its own.",
        evidence="machine",
    )


def _seen(twin: NodeId, group: Group) -> Reason:
    return reason(
        "not_in_roster",
        sentence=f"{group.sentence} Node {short(twin)} is listed for it.",
        remedy="Serve under one id from one machine. It ends by itself in time, or when that node rests. "
        "Nothing is taken.",
        until_ms=group.until_ms,
        evidence="one_machine",
    )
