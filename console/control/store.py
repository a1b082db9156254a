"""The state of a node as events change it, held so that a job's step costs the same among 10,000 as alone."""

from __future__ import annotations

import msgspec

from console.control.events import Event, JobChanged, Ticked, reduce
from console.control.job_book import JobBook
from console.control.state import NodeState


class StateStore:
    """Does what `reduce` does, event by event. The agent's board and the console's store stand on it.

    `state` is frozen as ever, and is put together when it is asked for; `book` is alive.
    """

    def __init__(self, state: NodeState | None = None) -> None:
        self._state = state or NodeState()
        self.book = JobBook(self._state.jobs)

    def apply(self, at_ms: int, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, JobChanged):
            self.book.put(event.job)
            event = Ticked()
        self._state = reduce(self._state, at_ms, event)

    def load(self, state: NodeState) -> None:
        """Begin anew with `state`."""
        self._state = state
        self.book.load(state.jobs)

    @property
    def state(self) -> NodeState:
        """All of it, now."""
        jobs = self.book.newest_first()
        if self._state.jobs is not jobs:
            self._state = msgspec.structs.replace(self._state, jobs=jobs)
        return self._state
