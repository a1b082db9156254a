"""Pause, resume, drain: the operator's switches, durable before they are answered."""

from __future__ import annotations

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.journal import Journal
from console.control.events import SwitchesChanged
from console.control.state import Switches


class Policies:
    """Owns the switches."""

    def __init__(self, journal: Journal, board: Board, now_ms: NowMs) -> None:
        self._journal = journal
        self._board = board
        self._now_ms = now_ms
        self.switches = Switches()

    async def load(self) -> None:
        """Take up what was switched before the restart."""
        self.switches = await self._journal.facts.switches()
        self._board.apply(SwitchesChanged(self.switches))

    async def pause(self, by: str) -> str:
        """Take nothing new; what runs goes on. Raises JournalError, and then nothing changed."""
        await self._switch(Switches(paused=True, since_ms=self._now_ms(), by=by))
        return "Paused. What runs is finished; nothing new is taken until you resume, also after a restart."

    async def drain(self, by: str) -> str:
        """Finish what runs, then stand still. Raises JournalError."""
        await self._switch(Switches(draining=True, since_ms=self._now_ms(), by=by))
        return "Draining. Jobs already taken are finished, then the node stands still until you resume."

    async def resume(self, by: str) -> str:
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

    async def _switch(self, switches: Switches) -> None:
        await self._journal.facts.put_switches(switches)
        self.switches = switches
        self._board.apply(SwitchesChanged(switches))
