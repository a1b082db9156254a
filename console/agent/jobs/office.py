"""What all that handles jobs shares, and how a failure is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.jobs.openings import Openings
from console.agent.jobs.records import Key, Records, moved
from console.agent.journal import JobRecord, Journal, JournalError
from console.agent.money import Purse
from console.control.state import JobState
from console.protocol.ids import short
from console.protocol.keys import SigningKey
from console.protocol.messages import Failed, FromNode
from console.protocol.types import Fault

Send = Callable[[FromNode], Awaitable[bool]]
"""Sends when there is a session; whether it did."""


class JobFailed(Exception):  # noqa: N818
    """There is no answer. `code` is for programs, the text for people."""

    def __init__(self, code: str, sentence: str, fault: Fault = "node") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Office:
    """The node's key, its books, and its voice."""

    key: SigningKey
    journal: Journal
    records: Records
    openings: Openings
    purse: Purse
    board: Board
    send: Send
    now_ms: NowMs
    coordinator: Callable[[], str]
    """Key of the one that this node is, or was last, signed in to."""
    owed: dict[Key, Failed] = field(default_factory=dict)
    """Failures that the network has not been told yet."""

    async def ended(self, record: JobRecord, state: JobState, word: str, **changes: object) -> None:
        """The attempt ends here in `state`; `sentence` among `changes` goes to the timeline too."""
        done = moved(record, state, ended_ms=self.now_ms(), **changes)
        await self.records.keep(done, word, done.view.sentence)

    async def failed(self, record: JobRecord, failure: JobFailed) -> None:
        """The attempt failed: on record, and told to the network now or at the next connection."""
        if failure.code == "cancelled":
            await self.ended(record, "cancelled", "cancelled", sentence=failure.sentence)
            return
        fault = failure.fault
        await self.ended(record, "failed", "failed", fault=fault, sentence=failure.sentence)
        view = record.view
        message = Failed(view.job, view.attempt, record.fence, fault, failure.code, failure.sentence)
        if not await self.send(message):
            self.owed[(view.job, view.attempt)] = message
        self.board.note("warning", "jobs", f"Job {short(view.job)} failed: {failure.sentence}")
        await self.count(self.purse.failed)

    async def given_here(self, job: str, attempt: int) -> JobRecord | None:
        """The record of an attempt that the present coordinator gave; others have no business with it."""
        record = await self.records.find(job, attempt)
        return record if record is not None and record.coordinator == self.coordinator() else None

    async def pay_debts(self) -> None:
        """Send what this coordinator is owed: failures first, then results that it has not answered."""
        for key, failed in tuple(self.owed.items()):
            if await self.given_here(*key) is not None and await self.send(failed):
                self.owed.pop(key, None)
        try:
            for result in await self.journal.results.unanswered():
                if await self.given_here(result.job, result.attempt) is not None:
                    await self.send(result)
        except JournalError as error:
            self.records.on_trouble(str(error))

    async def count(self, count: Callable[[], Awaitable[None]]) -> None:
        """Change a total; a journal that cannot be written is trouble, and no reason to stop."""
        try:
            await count()
        except JournalError as error:
            self.records.on_trouble(str(error))
