"""A unit of work on jobs and their attempts."""

from __future__ import annotations

from typing import Protocol

from console.coordinator.jobs.jobs import Job
from console.protocol.ids import JobId


class JobUnit(Protocol):
    """This part of an open transaction."""

    def job(self, job: JobId) -> Job | None:
        """The job as it stands."""
        ...

    def open_jobs(self) -> list[Job]:
        """Jobs that are not final."""
        ...

    def save_job(self, job: Job, was: Job | None) -> None:
        """Insert (`was` None), or replace while state and fence are those of `was`. Raises ConflictError."""
        ...

    def add_attempt(self, job: Job, at_ms: int) -> None:
        """A node was given the job."""
        ...

    def end_attempt(self, job: Job, code: str, fault: str, at_ms: int) -> None:
        """How the current attempt ended; what ended already stays as it is."""
        ...
