"""Many draws at a time, or one change of epoch: never both, so that nodes know the seeds of every draw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock with two sides. A waiting change lets running draws finish and holds new ones back."""

    def __init__(self) -> None:
        self._state = asyncio.Condition()
        self._drawing = 0
        self._changing = False

    @asynccontextmanager
    async def draw(self) -> AsyncIterator[None]:
        """While a ticket is fixed, and while its draw is made, until the assignment is on its way."""
        async with self._state:
            await self._state.wait_for(lambda: not self._changing)
            self._drawing += 1
        try:
            yield
        finally:
            self._drawing -= 1
            await self._wake()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """While one epoch gives way to the next. Changes follow one another."""
        async with self._state:
            await self._state.wait_for(lambda: not self._changing)
            self._changing = True
            try:
                await self._state.wait_for(lambda: self._drawing == 0)
            except BaseException:
                self._changing = False
                raise
        try:
            yield
        finally:
            self._changing = False
            await self._wake()

    async def _wake(self) -> None:
        async with self._state:
            self._state.notify_all()
