"""The state of a node as events change it, held so that a job's step costs the same among 10,000 as alone."""

from __future__ import annotations

import msgspec

from console.control.events import Event, JobChanged
from console.control.job_book import JobBook
from console.control.reducer import reduce
from console.control.state import NodeState


class StateStore:
    """Does what `reduce` does, event by event. The agent's board and the console's store stand on it.

    `state` is frozen as ever, and is put together when it is asked for; `book` is alive.
    """

    def __init__(self, state: NodeState | None = None) -> None:
        self.book = JobBook()
        self.load(state or NodeState())

    def load(self, state: NodeState) -> None:
        """Begin anew with `state`."""
        self._state = state
        self._now_ms = state.now_ms
        self.book.load(state.jobs)

    def apply(self, at_ms: int, event: Event) -> None:
        """Take in one event."""
        self._now_ms = max(self._now_ms, at_ms)
        if isinstance(event, JobChanged):
            self.book.put(event.job)
        else:
            self._state = reduce(self._state, at_ms, event)

    @property
    def state(self) -> NodeState:
        """All of it, now."""
        jobs = self.book.newest_first()
        if self._state.jobs is not jobs or self._state.now_ms != self._now_ms:
            self._state = msgspec.structs.replace(self._state, jobs=jobs, now_ms=self._now_ms)
        return self._state
