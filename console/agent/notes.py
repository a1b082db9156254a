"""The event log's way into the journal: at its own pace, and bounded, so that no note holds anything up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from console.agent.journal import Journal, JournalError
from console.control.state import Note

WAITING_LIMIT = 1000


class NoteWriter:
    """`take` notes at any time; `run` writes them."""

    def __init__(self, journal: Journal, on_trouble: Callable[[str], None]) -> None:
        """`on_trouble`: told why a note could not be written."""
        self._journal = journal
        self._on_trouble = on_trouble
        self._waiting: asyncio.Queue[Note] = asyncio.Queue(maxsize=WAITING_LIMIT)

    def take(self, note: Note) -> None:
        """Have `note` written; what is above the bound is on the screen and in the log only."""
        if not self._waiting.full():
            self._waiting.put_nowait(note)

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            note = await self._waiting.get()
            try:
                await self._journal.jobs.put_note(note)
            except JournalError as error:
                self._on_trouble(str(error))
