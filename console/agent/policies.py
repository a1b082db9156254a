"""Pause, resume, drain: the operator's switches, durable before they are answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.journal import Journal, JournalError
from console.control.events import SwitchesChanged
from console.control.moments import LONGEST_MS, moment_words
from console.control.state import Switches

LOOK_S = 1.0
"""The wall clock may be set, and stands still for nobody who sleeps: it is looked at so often."""
AGAIN_S = 5.0


class Policies:
    """Owns the switches."""

    def __init__(self, journal: Journal, board: Board, now_ms: NowMs) -> None:
        self._journal = journal
        self._board = board
        self._now_ms = now_ms
        self._switched = asyncio.Event()
        self.switches = Switches()

    async def load(self) -> None:
        """Take up what was switched before the restart."""
        self.switches = await self._journal.facts.switches()
        self._board.apply(SwitchesChanged(self.switches))

    async def pause(self, by: str, until_ms: int = 0) -> str:
        """Take nothing new until `until_ms`, or until it is resumed (0); what runs goes on.

        Raises:
            JournalError: nothing changed.
            ValueError: `until_ms` has passed, or is more than a year ahead.
        """
        self._check(until_ms)
        await self._switch(Switches(paused=True, since_ms=self._now_ms(), by=by, until_ms=until_ms))
        if until_ms:
            when = moment_words(until_ms)
            return f"Paused until {when}. What runs is finished; then it takes work again by itself."
        return "Paused. What runs is finished; nothing new is taken until you resume, also after a restart."

    async def drain(self, by: str, until_ms: int = 0) -> str:
        """Finish what runs, then stand still; what is not finished by `until_ms` (0: whenever) is given back.

        Raises as `pause` does.
        """
        self._check(until_ms)
        await self._switch(Switches(draining=True, since_ms=self._now_ms(), by=by, until_ms=until_ms))
        if until_ms:
            when = moment_words(until_ms)
            return f"Draining. What is not finished by {when} goes back to the network; then it stands still."
        return "Draining. Jobs already taken are finished, then the node stands still until you resume."

    async def resume(self, by: str, until_ms: int = 0) -> str:
        """Take work again. Raises JournalError."""
        was_on = not (self.switches.paused or self.switches.draining)
        await self._switch(Switches(since_ms=self._now_ms(), by=by))
        return "It takes work already." if was_on else "Resumed. The node takes work again."

    @property
    def code(self) -> str:
        """Why no work is taken: `paused`, `draining`, or empty."""
        if self.switches.paused:
            return "paused"
        return "draining" if self.switches.draining else ""

    async def keep_time(
        self, give_back: Callable[[str], Awaitable[None]], refresh: Callable[[], None]
    ) -> None:
        """End pauses and drains when their time has come, for ever, also those of before a restart.

        `give_back` hands unfinished jobs back; `refresh` is called when the switches have changed.
        """
        failing = False
        while True:
            try:
                await self._wait()
                if await self.end_if_due(give_back):
                    refresh()
                failing = False
            except JournalError as error:
                if not failing:
                    self._board.note(
                        "error", "operator", f"The pause could not be ended. {error}", keep=False
                    )
                failing = True
                await asyncio.sleep(AGAIN_S)

    async def end_if_due(self, give_back: Callable[[str], Awaitable[None]]) -> bool:
        """End what was to end by now; whether anything was. Raises JournalError, and then nothing changed."""
        was, now_ms = self.switches, self._now_ms()
        if not was.until_ms or now_ms < was.until_ms:
            return False
        if was.draining:
            await self._switch(msgspec.structs.replace(was, until_ms=0))
            await give_back("The node's operator wanted it drained by now.")
            self._board.note("info", "operator", "The time to drain is over; nothing runs here any more.")
            return True
        await self._switch(Switches(since_ms=now_ms, by=was.by))
        words = f"The pause ended, as asked for {moment_words(was.until_ms)}: the node takes work again."
        self._board.note("info", "operator", words)
        return True

    async def _wait(self) -> None:
        self._switched.clear()
        until_ms = self.switches.until_ms
        wait_s = max(0.0, min(LOOK_S, (until_ms - self._now_ms()) / 1000)) if until_ms else None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._switched.wait(), wait_s)

    def _check(self, until_ms: int) -> None:
        if until_ms and not 0 < until_ms - self._now_ms() <= LONGEST_MS:
            raise ValueError("The time named has passed, or is more than a year ahead. Nothing was changed.")

    async def _switch(self, switches: Switches) -> None:
        await self._journal.facts.put_switches(switches)
        self.switches = switches
        self._switched.set()
        self._board.apply(SwitchesChanged(switches))
