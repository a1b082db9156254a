"""The SQL of `store.unit.jobs`: jobs and their attempts."""

from __future__ import annotations

from console.coordinator.jobs.jobs import Job
from console.coordinator.store.errors import ConflictError
from console.coordinator.store.sql.part import SqlPart, assignments, values_of
from console.protocol.ids import JobId


class SqlJobs(SqlPart):
    """See `store.unit.jobs`."""

    def job(self, job: JobId) -> Job | None:
        """The job as it stands."""
        return self.one(Job, "SELECT {} FROM jobs WHERE id = ?", job)

    def open_jobs(self) -> list[Job]:
        """Jobs that are not final."""
        return self.all(
            Job, "SELECT {} FROM jobs WHERE state NOT IN ('SETTLED', 'PENALISED', 'CANCELLED', 'FAILED')"
        )

    def save_job(self, job: Job, was: Job | None) -> None:
        """Compare and set on state and fence."""
        if was is None:
            self.insert("jobs", job)
            return
        self.database.must(
            f"UPDATE jobs SET {assignments(Job)} WHERE id = ? AND state = ? AND fence = ?",
            (*values_of(job), was.id, was.state, was.fence),
            ConflictError(f"job {job.id} is no longer {was.state} under fence {was.fence}"),
        )

    def add_attempt(self, job: Job, at_ms: int) -> None:
        """A node was given the job."""
        self.database.execute(
            "INSERT INTO attempts (job, attempt, fence, node, started_ms) VALUES (?, ?, ?, ?, ?)",
            (job.id, job.attempt, job.fence, job.node, at_ms),
        )

    def end_attempt(self, job: Job, code: str, fault: str, at_ms: int) -> None:
        """How the current attempt ended."""
        self.database.execute(
            "UPDATE attempts SET ended_ms = ?, code = ?, fault = ? WHERE job = ? AND attempt = ? "
            "AND ended_ms = 0",
            (at_ms, code, fault, job.id, job.attempt),
        )
