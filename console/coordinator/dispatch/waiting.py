"""Where each of the jobs that wait for a node stands among them."""

from __future__ import annotations

from collections.abc import Mapping

from console.coordinator.clock import Clock
from console.coordinator.jobs.live import LiveJob
from console.protocol.ids import JobId

UNDRAWN = ("HELD", "TICKETED")
"""States of a job that waits for a node."""


class Waiting:
    """Counts all of them together, once in a while: each asks again and again, and they may be a thousand."""

    def __init__(self, live: Mapping[JobId, LiveJob], clock: Clock, every_s: float) -> None:
        """`live`: all jobs, earliest first; `every_s`: how old a number may be."""
        self._live = live
        self._clock = clock
        self._every_s = every_s
        self._ahead: dict[JobId, int] = {}
        self._until_s = clock.tick_s()

    def ahead(self, job: JobId) -> int:
        """How many that came before this one wait; counted anew for one that did not wait yet."""
        now_s = self._clock.tick_s()
        if job not in self._ahead or now_s >= self._until_s:
            waiting = (key for key, live in self._live.items() if live.job.state in UNDRAWN)
            self._ahead = {key: place for place, key in enumerate(waiting)}
            self._until_s = now_s + self._every_s
        return self._ahead.get(job, len(self._ahead))
