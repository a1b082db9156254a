"""The blobs behind commitments: at hand for audits that come at once, sealed in the journal for the rest."""

from __future__ import annotations

from collections import OrderedDict

from console.agent.journal import Journal, JournalError

KEPT = 64


class Openings:
    """Blobs of the last answers."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._memory: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def hold(self, job: str, attempt: int, blob: bytes) -> None:
        """Keep the newest 64 at hand."""
        self._memory[(job, attempt)] = blob
        while len(self._memory) > KEPT:
            self._memory.popitem(last=False)

    async def find(self, job: str, attempt: int) -> bytes:
        """The blob; empty when it is gone."""
        held = self._memory.get((job, attempt))
        if held is not None:
            return held
        try:
            return await self._journal.results.opening(job, attempt) or b""
        except JournalError:
            return b""

    async def dispute(self, job: str, attempt: int, now_ms: int) -> None:
        """The answer was rejected: what it rests on stays sealed for a while. Raises JournalError."""
        self._memory.pop((job, attempt), None)
        await self._journal.results.disputable(job, attempt, now_ms)

    async def forget(self, job: str, attempt: int) -> None:
        """Nobody will ask any more. Raises JournalError."""
        self._memory.pop((job, attempt), None)
        await self._journal.results.judged(job, attempt)
