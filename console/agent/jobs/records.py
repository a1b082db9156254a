"""The records of jobs: in memory while they matter, in the journal always, on the board for all to see."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.journal import JobRecord, Journal, JournalError
from console.control.events import JobChanged
from console.control.state import LIVE_JOB_STATES, JobState
from console.control.wire import Moment

KEPT = 512
Key = tuple[str, int]
"""Job and attempt."""

_RANK: dict[JobState, int] = {
    "queued": 0,
    "running": 1,
    "result": 2,
    "answered": 3,
    "stale": 4,
    "failed": 4,
    "cancelled": 4,
    "accepted": 5,
    "rejected": 5,
}


def key_of(record: JobRecord) -> Key:
    """What names an attempt."""
    return (record.view.job, record.view.attempt)


def moved(record: JobRecord, state: JobState, **changes: object) -> JobRecord:
    """`record` in `state`, unless it is past that already: news may overtake one another on the way."""
    if _RANK[state] < _RANK[record.view.state]:
        state = record.view.state
    view = msgspec.structs.replace(record.view, state=state, **changes)
    return msgspec.structs.replace(record, view=view)


class Records:
    """Owns what is known of each attempt."""

    def __init__(self, journal: Journal, board: Board, now_ms: NowMs) -> None:
        self._journal = journal
        self._board = board
        self._now_ms = now_ms
        self._memory: OrderedDict[Key, JobRecord] = OrderedDict()
        self.on_trouble: Callable[[str], None] = lambda sentence: None

    async def find(self, job: str, attempt: int) -> JobRecord | None:
        """The record of an attempt, from memory or the journal."""
        known = self._memory.get((job, attempt))
        if known is not None:
            return known
        try:
            return await self._journal.jobs.get(job, attempt)
        except JournalError as error:
            self.on_trouble(str(error))
            return None

    def show(self, record: JobRecord) -> None:
        """Progress: on the board only, since it is not worth a write to the disk."""
        self._remember(record)
        self._board.apply(JobChanged(record.view))

    async def keep(self, record: JobRecord, word: str, sentence: str = "") -> bool:
        """A step of life: board and journal. False when it could not be journalled."""
        self.show(record)
        try:
            await self._journal.jobs.put(record, Moment(self._now_ms(), word, sentence))
        except JournalError as error:
            self.on_trouble(str(error))
            return False
        self.on_trouble("")
        return True

    def _remember(self, record: JobRecord) -> None:
        self._memory[key_of(record)] = record
        self._memory.move_to_end(key_of(record))
        while len(self._memory) > KEPT:
            oldest = next(iter(self._memory))
            if self._memory[oldest].view.state in LIVE_JOB_STATES:
                self._memory.move_to_end(oldest)
                break
            del self._memory[oldest]
