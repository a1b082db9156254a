"""What each node was given and has not answered yet. Jobs themselves are in the database."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from console.protocol.ids import JobId, NodeId


class Queues:
    """Jobs of each node, in the order in which they were given."""

    def __init__(self, limit: int, changed: Callable[[], None]) -> None:
        """`limit`: jobs with which a node takes no more; `changed`: called as one comes to it, or below."""
        self._limit = limit
        self._changed = changed
        self._open: dict[NodeId, dict[JobId, None]] = {}

    @property
    def waiting(self) -> int:
        """Jobs of all nodes together."""
        return sum(map(len, self._open.values()))

    def length(self, node: str) -> int:
        """Jobs that the node has not answered yet."""
        return len(self._open.get(NodeId(node), ()))

    def took(self, node: str, job: JobId) -> None:
        """The node was given `job`, which counts until `answered`."""
        self._open.setdefault(NodeId(node), {})[job] = None
        self._moved(node, self._limit)

    def answered(self, node: str, job: JobId) -> None:
        """The node has no longer to answer `job`."""
        jobs = self._open.get(NodeId(node), {})
        jobs.pop(job, None)
        if not jobs:
            self._open.pop(NodeId(node), None)
        self._moved(node, self._limit - 1)

    def before(self, node: str, job: JobId) -> int:
        """How many jobs the node was given before `job` and has still to answer."""
        given = self._open.get(NodeId(node), {})
        return sum(1 for _ in itertools.takewhile(lambda other: other != job, given))

    def _moved(self, node: str, border: int) -> None:
        """Only a queue that has become full, or has room again, changes who can be drawn."""
        if self.length(node) == border:
            self._changed()
