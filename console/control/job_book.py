"""The book of a node's jobs: one change costs the same however many jobs there are."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from console.control.state import JOBS_KEPT, LIVE_JOB_STATES, JobView
from console.protocol.ids import JobId

JobKey = tuple[JobId, int]
"""A job and its attempt here: what a row of the book is known by."""
CHANGES_KEPT = 4096
"""Changes that are remembered by key; who has looked away for longer looks at everything again."""


def key_of(job: JobView) -> JobKey:
    """What `job` is known by."""
    return job.job, job.attempt


def ended_at(job: JobView) -> int:
    """When a finished job was over, milliseconds since 1970; those that never ran ended when they came."""
    return max(job.ended_ms, job.received_ms)


class JobBook:
    """All live jobs, and of the finished ones the JOBS_KEPT that ended last.

    Does what `reduce` does with `NodeState.jobs`, without walking over it. Changes are numbered: any number
    of readers ask `since` what changed after the number that they were given the last time.
    """

    def __init__(self, jobs: Sequence[JobView] = ()) -> None:
        """`jobs` as in `NodeState`: newest first."""
        self._changes: deque[JobKey] = deque(maxlen=CHANGES_KEPT)
        self._changed = 0
        self._forgotten = 0
        self.load(jobs)

    def load(self, jobs: Sequence[JobView]) -> None:
        """Begin anew with `jobs`, newest first."""
        self._jobs = {key_of(job): job for job in reversed(jobs)}
        self._numbers = {key: number for number, key in enumerate(self._jobs)}
        self._next_number = len(self._numbers)
        self._ended = sorted(self._end(job) for job in self if job.state not in LIVE_JOB_STATES)
        self._tuple: tuple[JobView, ...] | None = tuple(jobs) if len(jobs) == len(self) else None
        self._changes.clear()
        self._changed += 1
        self._forgotten = self._changed

    def put(self, job: JobView) -> None:
        """A job is new or moved on; one that is over may push out the one that ended first."""
        key = key_of(job)
        old = self._jobs.get(key)
        if old is None:
            self._numbers[key] = self._next_number
            self._next_number += 1
        elif old.state not in LIVE_JOB_STATES:
            del self._ended[bisect_left(self._ended, self._end(old))]
        self._jobs[key] = job
        self._note(key)
        if job.state not in LIVE_JOB_STATES:
            insort(self._ended, self._end(job))
        while len(self._ended) > JOBS_KEPT:
            self._drop(self._ended.pop(0)[2])

    def _drop(self, key: JobKey) -> None:
        del self._jobs[key]
        del self._numbers[key]
        self._note(key)

    def _note(self, key: JobKey) -> None:
        self._changes.append(key)
        self._changed += 1
        self._tuple = None

    def _end(self, job: JobView) -> tuple[int, int, JobKey]:
        key = key_of(job)
        return ended_at(job), self._numbers[key], key

    def get(self, key: JobKey) -> JobView | None:
        """The job as it stands; None when it is not, or no longer, in the book."""
        return self._jobs.get(key)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[JobView]:
        """In the order in which they came."""
        return iter(self._jobs.values())

    @property
    def live_count(self) -> int:
        """Jobs that are not over."""
        return len(self._jobs) - len(self._ended)

    def newest_first(self) -> tuple[JobView, ...]:
        """As `NodeState.jobs` has them; the same object until something changes."""
        if self._tuple is None:
            self._tuple = tuple(reversed(self._jobs.values()))
        return self._tuple

    def since(self, mark: int) -> tuple[int, Collection[JobKey] | None]:
        """The mark for the next time, and the keys that changed after `mark`; None: it may be all of them."""
        missed = self._changed - mark
        if mark < self._forgotten or missed > len(self._changes):
            return self._changed, None
        return self._changed, set(islice(reversed(self._changes), missed))
