"""The caller: takes notes that need the operator, and sends them out at a bearable pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from console.agent.calls.pace import Pace, tell
from console.agent.calls.ways import Call, Way, WayError
from console.control.events import Noted
from console.control.state import Note
from console.control.wire import Delta

WAITING_LIMIT = 50

Say = Callable[[str], None]


class Caller:
    """`node`: name in the message. `say`: where it is told that a way does not work, once until it works."""

    def __init__(self, ways: tuple[Way, ...], per_hour: int, node: str, say: Say) -> None:
        self._ways = ways
        self._per_hour = per_hour
        self._node = node
        self._say = say
        self._pace = Pace()
        self._broken: set[str] = set()
        self._waiting: asyncio.Queue[Call] = asyncio.Queue(maxsize=WAITING_LIMIT)

    def hear(self, delta: Delta) -> None:
        """A listener of the board: every note is looked at."""
        if isinstance(delta.event, Noted):
            self.take(delta.event.note)

    def take(self, note: Note) -> None:
        """Call the operator about `note` if it asks for it; never blocks."""
        if not note.calls or not self._ways:
            return
        self._pace, text = tell(self._pace, note.at_ms, note.text, self._per_hour)
        if text and not self._waiting.full():
            self._waiting.put_nowait(Call(self._node, note.level, note.room, text, note.at_ms))

    async def run(self) -> None:
        """Send what waits, for ever."""
        while True:
            call = await self._waiting.get()
            await asyncio.gather(*(self._tell(way, call) for way in self._ways))

    async def _tell(self, way: Way, call: Call) -> None:
        try:
            await way.tell(call)
        except WayError as error:
            if way.name not in self._broken:
                self._say(f"You could not be notified by {way.name}: {error}. See [notify].")
            self._broken.add(way.name)
        else:
            self._broken.discard(way.name)
