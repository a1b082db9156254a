"""The line before the slots: first come, first served, but for where the operator's own requests stand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal, NamedTuple

from console.engine.port import GenerateRequest
from console.engine.process.sequence import Sink

LocalUse = Literal["first", "equal", "last"]
"""Where the operator's own requests stand beside the network's."""


class Entry(NamedTuple):
    """A request that waits for a slot."""

    request: GenerateRequest
    sink: Sink
    submitted_s: float


class Waiting:
    """Requests without a slot."""

    def __init__(self, local: LocalUse) -> None:
        """`local`: the operator's setting."""
        self._local = local
        self._lines: dict[int, deque[Entry]] = {0: deque(), 1: deque()}

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def rank(self, request: GenerateRequest) -> int:
        """0 is served before 1."""
        if self._local == "equal":
            return 0
        return int((request.source == "local") == (self._local == "last"))

    def push(self, entry: Entry) -> None:
        """To the end of its line."""
        self._lines[self.rank(entry.request)].append(entry)

    def pop(self) -> Entry:
        """The next; there must be one."""
        return (self._lines[0] or self._lines[1]).popleft()

    def remove_if(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Take out, and return, all that are `wanted`."""
        gone = [entry for line in self._lines.values() for entry in line if wanted(entry)]
        for entry in gone:
            self._lines[self.rank(entry.request)].remove(entry)
        return gone
