"""The time in which at least one job was being generated, to the millisecond."""

from __future__ import annotations

from console.agent.clock import NowMs
from console.control.state import JobView


class Stopwatch:
    """Runs while any job does."""

    def __init__(self, steady_ms: NowMs) -> None:
        self._steady_ms = steady_ms
        self._running: set[tuple[str, int]] = set()
        self._since_ms = 0
        self._worked_ms = 0

    @property
    def runs(self) -> bool:
        """Whether a job runs now."""
        return bool(self._running)

    def hear(self, job: JobView) -> None:
        """How a job is now."""
        key, ran, now_ms = (str(job.job), job.attempt), self.runs, self._steady_ms()
        if job.state == "running":
            self._running.add(key)
        else:
            self._running.discard(key)
        if self.runs and not ran:
            self._since_ms = now_ms
        elif ran and not self.runs:
            self._worked_ms += max(0, now_ms - self._since_ms)

    def take(self) -> int:
        """Milliseconds worked since this was last asked."""
        now_ms = self._steady_ms()
        if self.runs:
            self._worked_ms += max(0, now_ms - self._since_ms)
            self._since_ms = now_ms
        taken, self._worked_ms = self._worked_ms, 0
        return taken
