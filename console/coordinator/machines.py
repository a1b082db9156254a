"""Nodes that claim one machine: by the digest in their sign-ins, and who of them stands for it. Pure.

What is equal here is a claim, and nothing is proved by it: docs/sybils.md says what it is worth.
"""

from __future__ import annotations

from collections.abc import Callable

from console.protocol.ids import NodeId

LOOKED_AT = 16
"""Of one machine's nodes so many, beside those that stand for it, are asked whether they could: were all of
them, whoever signs in often enough under one digest would keep the coordinator busy."""


class Machines:
    """Who is signed in from which machine, in the order in which they came."""

    def __init__(self, places: int) -> None:
        """`places`: nodes of one machine that may be listed; 0: any number."""
        self._places = places
        self._nodes: dict[str, dict[NodeId, None]] = {}

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

    @property
    def claimed_twice(self) -> int:
        """Nodes signed in from a machine that another one had claimed before them."""
        return sum(len(there) - 1 for there in self._nodes.values())

    def stands_for(self, machine: str, node: NodeId, could: Callable[[NodeId], bool]) -> NodeId | None:
        """The node that has the machine's last place before `node`; None: there is a place for `node`.

        `could`: whether a node meets every other rule. Places go to those that do, the first that came first.
        """
        if not self._places:
            return None
        taken = 0
        for before, other in enumerate(self._nodes.get(machine, {})):
            if other == node:
                return None
            taken += could(other)
            if taken == self._places or before == self._places + LOOKED_AT:
                return other
        return None
