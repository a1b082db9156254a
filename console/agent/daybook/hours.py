"""The node's hours: every second's look kept as spells, minutes and days, and written down in time."""

from __future__ import annotations

import asyncio
from collections import Counter

from console.agent.board import Board
from console.agent.daybook.calendar import day_of, day_start_ms
from console.agent.daybook.timeline import (
    BACK_MS,
    MINUTE_MS,
    Track,
    all_of,
    clip,
    day_sums,
    follow,
    letters,
    shown,
    went_back,
)
from console.agent.journal import Journal
from console.agent.journal.time import TimeSpent
from console.control.events import TimelineChanged
from console.control.timeline import DAYS_KEPT, MINUTES_KEPT, SPELLS_KEPT, TimelineView


class Hours:
    """Owns the timeline. Methods that touch the journal raise JournalError, and then nothing is lost: what
    could not be written is written the next time."""

    def __init__(self, journal: Journal, board: Board, model: str) -> None:
        """`model`: the group that work counts for."""
        self._journal = journal
        self._board = board
        self._model = model
        self._track = Track()
        self._minutes = ""
        self._end_ms = 0
        self._written_ms = 0
        self._spent: dict[str, Counter[str]] = {}
        self._writing = asyncio.Lock()

    async def load(self, now_ms: int) -> None:
        """Take up what was written, without what would still be to come: a clock may have been set back."""
        latest = await self._journal.time.latest(SPELLS_KEPT)
        if latest and latest[-1].until_ms > now_ms + BACK_MS:
            await self._journal.time.cut(now_ms, day_of(now_ms), day_start_ms(now_ms), day_sums)
            latest = await self._journal.time.latest(SPELLS_KEPT)
        self._track = Track(None, tuple(latest))
        self._written_ms = latest[-1].until_ms if latest else 0
        self._end_ms = now_ms - now_ms % MINUTE_MS
        since_ms = self._end_ms - MINUTES_KEPT * MINUTE_MS
        self._minutes = letters(await self._journal.time.spells(since_ms), since_ms, MINUTES_KEPT)

    async def look(self, at_ms: int, code: str) -> bool:
        """The reason is `code` at `at_ms`; whether there is something to tell."""
        if went_back(self._track, at_ms):
            await self.write()
            await self.load(at_ms)
        before = self._track.running
        self._track = follow(self._track, at_ms, code)
        running = self._track.running
        assert running is not None
        new = before is None or (before.since_ms, before.code) != (running.since_ms, running.code)
        return self._turn_minutes(at_ms) or new

    def spend(self, at_ms: int, **amounts: int) -> None:
        """Add to columns of the day of `at_ms`."""
        self._spent.setdefault(day_of(at_ms), Counter()).update(amounts)

    async def write(self) -> None:
        """Write down what went by since the last time."""
        async with self._writing:
            whole = all_of(self._track)
            pending = [spell for spell in whole if spell.until_ms > max(self._written_ms, spell.since_ms)]
            spent, self._spent = self._spent, {}
            days = _merged(day_sums(clip(whole, self._written_ms)), spent)
            try:
                await self._journal.time.put(pending, days, self._model)
            except BaseException:
                for day, amounts in spent.items():
                    self._spent.setdefault(day, Counter()).update(amounts)
                raise
            if pending:
                self._written_ms = pending[-1].until_ms
            self._trim()

    async def tell(self, now_ms: int) -> None:
        """Publish the timeline as it is now."""
        days = await self._journal.time.days(day_of(now_ms), DAYS_KEPT)
        view = TimelineView(self._minutes, self._end_ms, days, shown(self._track, SPELLS_KEPT))
        self._board.apply(TimelineChanged(view))

    def _turn_minutes(self, at_ms: int) -> bool:
        end_ms = at_ms - at_ms % MINUTE_MS
        count = min((end_ms - self._end_ms) // MINUTE_MS, MINUTES_KEPT)
        if count <= 0:
            return False
        new = letters(all_of(self._track), end_ms - count * MINUTE_MS, count)
        self._minutes, self._end_ms = (self._minutes + new)[-MINUTES_KEPT:], end_ms
        return True

    def _trim(self) -> None:
        ended, needed_ms = self._track.ended, min(self._end_ms, self._written_ms)
        old = max(0, len(ended) - SPELLS_KEPT)
        kept = tuple(spell for n, spell in enumerate(ended) if n >= old or spell.until_ms > needed_ms)
        self._track = Track(self._track.running, kept)


def _merged(time: dict[str, TimeSpent], spent: dict[str, Counter[str]]) -> dict[str, TimeSpent]:
    days: dict[str, TimeSpent] = {}
    for day in {*time, *spent}:
        kinds = time.get(day, TimeSpent())
        days[day] = TimeSpent(
            kinds.earning_ms, kinds.idle_ms, kinds.paused_ms, kinds.down_ms, **spent.get(day, Counter())
        )
    return days
