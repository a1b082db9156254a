"""The lines that a coordinator serves over NATS, by node and name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from console.broker.line import BrokerLine
from console.protocol.ids import NodeId

LINES_PER_NODE = 4
"""A node dials again when a line has ended; one that dials more often than lines end loses its oldest."""


class Served:
    """A line, the subject that it comes on, and the task that serves it."""

    def __init__(self, line: BrokerLine, subject: str) -> None:
        self.line = line
        self.subject = subject
        self.left = False
        """Whether the server told that its node is gone; what it said last may still be on its way."""
        self.task: asyncio.Task[None] | None = None


class NodeLines:
    """Those of each node, oldest first."""

    def __init__(self) -> None:
        self._lines: dict[NodeId, dict[str, Served]] = {}

    def __iter__(self) -> Iterator[Served]:
        return (one for lines in self._lines.values() for one in lines.values())

    def get(self, node: NodeId, name: str) -> Served | None:
        """The line that `node` began under that name."""
        return self._lines.get(node, {}).get(name)

    def add(self, node: NodeId, name: str, served: Served) -> None:
        """One that begins."""
        self._lines.setdefault(node, {})[name] = served

    def drop(self, node: NodeId, name: str) -> None:
        """One that is over."""
        del self._lines[node][name]
        if not self._lines[node]:
            del self._lines[node]

    def outlived(self, node: NodeId, previous: tuple[str, ...]) -> list[Served]:
        """What ends as the node begins a line: those that it names, and the oldest of too many."""
        lines = self._lines.get(node, {})
        ended = [name for name in lines if name in previous]
        others = [name for name in lines if name not in previous]
        ended += others[: max(0, len(others) + 1 - LINES_PER_NODE)]
        return [lines[name] for name in ended]
