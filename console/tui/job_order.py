"""The jobs of a book in an order, those that fit a filter; kept up by what changed, not made anew. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from console.control.job_book import JobBook, JobKey, key_of
from console.control.state import JobState, JobView
from console.tui.filters import EVERYTHING_FITS, Filter

SortValue = Callable[[JobView], int | str]
"""What jobs are sorted by, the smallest first; one kind of value for all of them."""
MANY = 500
"""From so many changes at once it is quicker to sort again than to move each job."""

_RANK: dict[JobState, int] = {"running": 0, "result": 1, "queued": 2}
_Entry = tuple[Any, ...]
"""(value, -received, job, attempt): among equals the newest first, and never two the same."""


def by_arrival(job: JobView) -> int:
    """Live ones first, running before waiting; among equals the order puts the newest first."""
    return _RANK.get(job.state, 3)


def searched(job: JobView) -> str:
    """The words of a job that a filter looks at, in lower case."""
    text = f"{job.job} {job.state} {job.mode or ''} {job.outcome or ''} {job.fault or ''} {job.sentence}"
    return text.lower()


class JobOrder(Sequence[JobView]):
    """A sequence of jobs as they stand in the book. `catch_up` brings the order up to date.

    `version` grows whenever another job stands at some place.
    """

    def __init__(
        self,
        book: JobBook,
        value: SortValue = by_arrival,
        words: Filter = EVERYTHING_FITS,
        *,
        reverse: bool = False,
    ) -> None:
        self.book = book
        self.version = 0
        self._value = value
        self._filter = words
        self._reverse = reverse
        self._mark = -1
        self._entries: list[_Entry] = []
        self._entry_of: dict[JobKey, _Entry] = {}
        self._waiting: set[JobKey] = set()

    def catch_up(self, *, move: bool = True) -> None:
        """Take in what changed. Without `move`, jobs that are listed keep their places and new ones wait;
        what is gone or no longer fits leaves even so."""
        self._mark, changed = self.book.since(self._mark)
        if changed is None:
            self._sort_again()
            return
        if changed:
            self._waiting.update(changed)
        if not self._waiting:
            return
        if move:
            waiting, self._waiting = self._waiting, set()
            self._move(waiting)
        else:
            self._remove(key for key in changed if self._wanted(key) is None)

    def _wanted(self, key: JobKey) -> JobView | None:
        """The job, if it is to be listed."""
        job = self.book.get(key)
        return job if job is not None and self._fits(job) else None

    def _fits(self, job: JobView) -> bool:
        wanted = self._filter
        return not any(wanted) or (wanted.holds(job.received_ms) and wanted.fits(searched(job)))

    def _entry(self, job: JobView) -> _Entry:
        return self._value(job), -job.received_ms, job.job, job.attempt

    def _move(self, keys: Iterable[JobKey]) -> None:
        keys = list(keys)
        if len(keys) > MANY:
            self._sort_again()
            return
        for key in keys:
            job = self._wanted(key)
            new = None if job is None else self._entry(job)
            old = self._entry_of.get(key)
            if new == old:
                continue
            self.version += 1
            if old is not None:
                del self._entries[bisect_left(self._entries, old)]
                del self._entry_of[key]
            if new is not None:
                insort(self._entries, new)
                self._entry_of[key] = new

    def _remove(self, keys: Iterable[JobKey]) -> None:
        """Take rows out and leave every other where it stands, however many they are."""
        gone = {self._entry_of.pop(key) for key in keys if key in self._entry_of}
        if not gone:
            return
        self.version += 1
        if len(gone) > MANY:
            self._entries = [entry for entry in self._entries if entry not in gone]
            return
        for entry in gone:
            del self._entries[bisect_left(self._entries, entry)]

    def _sort_again(self) -> None:
        self._waiting.clear()
        self._entry_of = {key_of(job): self._entry(job) for job in self.book if self._fits(job)}
        self._entries = sorted(self._entry_of.values())
        self.version += 1

    def _at(self, place: int) -> int:
        return len(self._entries) - 1 - place if self._reverse else place

    def key_at(self, place: int) -> JobKey:
        """What the job at `place` is known by. Raises IndexError."""
        if not 0 <= place < len(self._entries):
            raise IndexError(place)
        entry = self._entries[self._at(place)]
        return entry[2], entry[3]

    def place_of(self, key: JobKey) -> int:
        """Where a job stands; -1 when it is not listed."""
        entry = self._entry_of.get(key)
        return -1 if entry is None else self._at(bisect_left(self._entries, entry))

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> JobView: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[JobView]: ...
    def __getitem__(self, place: int | slice) -> JobView | Sequence[JobView]:
        """The job at a place, as it stands now; after `catch_up` every place has one."""
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        job = self.book.get(self.key_at(place))
        if job is None:
            raise IndexError(place)
        return job
