"""Tokens on their way out: few frames, little delay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from console.protocol.messages import Chunk
from console.protocol.types import Assignment

TOKENS = 16
DELAY_S = 0.05

Send = Callable[[Chunk], Awaitable[bool]]


class TokenStream:
    """Sends tokens as chunks of up to 16, none later than 50 ms after it came."""

    def __init__(self, assignment: Assignment, send: Send) -> None:
        self._assignment = assignment
        self._send = send
        self._held: list[int] = []
        self._start = 0
        self._closing = False
        self._wake = asyncio.Event()
        self._full = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def add(self, token_ids: tuple[int, ...]) -> None:
        """Take the next tokens."""
        self._held.extend(token_ids)
        self._wake.set()
        if len(self._held) >= TOKENS:
            self._full.set()

    async def finish(self) -> None:
        """Send what is held, in order, and end."""
        self._closing = True
        self._wake.set()
        self._full.set()
        await self._task

    async def abandon(self) -> None:
        """End at once; what is held is not sent."""
        self._held.clear()
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await self._flush()
            if self._closing:
                return
            self._full.clear()
            # The first token goes at once; what comes in the next moment goes together.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DELAY_S):
                    await self._full.wait()

    async def _flush(self) -> None:
        while self._held:
            batch, self._held = tuple(self._held[:TOKENS]), self._held[TOKENS:]
            start, self._start = self._start, self._start + len(batch)
            job = self._assignment
            await self._send(Chunk(job.job, job.attempt, job.fence, start, batch))
        self._wake.clear()
