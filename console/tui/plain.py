"""Line mode: one line for each thing that changed, for pipes, dumb terminals and screen readers."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator

from console.control.link import Lost, News, Source
from console.control.state import NodeState
from console.control.wire import Hello
from console.ledger.figures import credits
from console.protocol.ids import short
from console.protocol.reasons import label
from console.tui.figures import clock_time
from console.tui.rows import Span, clean, to_ascii
from console.tui.store import ViewStore
from console.tui.views.words import MODE_WORDS

OVER_EVERY_S = 1.0
"""How often it is asked whether there is still something to follow."""


class Teller:
    """Turns news into lines, and says nothing twice. Pure but for the store it reduces into."""

    def __init__(self) -> None:
        self._store = ViewStore(lambda: 0)
        self._said_reason = ""
        self._verdicts_told: tuple[str, int] | None = None
        self._notes_told = 0
        self._lost = False

    def lines(self, news: News) -> Iterator[str]:
        """What is to be said of one message."""
        if isinstance(news, Hello):
            return
        if isinstance(news, Lost):
            if not self._lost:
                yield f"NO AGENT: {clean(news.sentence)}"
            self._lost = True
            return
        first = self._store.view().phase == "attaching"
        self._store.apply(news)
        state = self._store.view().state
        words = f"{clean(state.reason.sentence)} {clean(state.reason.remedy)}".rstrip()
        reason = f"{label(state.reason.code)}: {words}"
        if reason != self._said_reason or self._lost:
            self._said_reason, self._lost = reason, False
            yield reason
        yield from self._new_verdicts(state, quiet=first)
        yield from self._new_notes(state, quiet=first)

    def _new_verdicts(self, state: NodeState, *, quiet: bool) -> Iterator[str]:
        new = []
        for verdict in state.verdicts:
            if (verdict.job, verdict.attempt) == self._verdicts_told:
                break
            new.append(verdict)
        if state.verdicts:
            self._verdicts_told = (state.verdicts[0].job, state.verdicts[0].attempt)
        for verdict in [] if quiet else reversed(new):
            mode = MODE_WORDS.get(verdict.mode, verdict.mode)
            today = credits(state.money.today_earned, sign=True)
            yield f"{verdict.outcome} {short(verdict.job)} ({mode}), today {today}: {clean(verdict.sentence)}"

    def _new_notes(self, state: NodeState, *, quiet: bool) -> Iterator[str]:
        new = []
        for note in state.notes:
            if note.at_ms <= self._notes_told:
                break
            new.append(note)
        if state.notes:
            self._notes_told = state.notes[0].at_ms
        for note in [] if quiet else reversed(new):
            yield f"{note.level} {clean(note.room)}: {clean(note.text)}"


async def tell(source: Source, *, ascii_only: bool) -> AsyncIterator[str]:
    """Lines without end, each with the time of day."""
    teller = Teller()
    zone_s = time.localtime().tm_gmtoff
    async for news in source.attach():
        for line in teller.lines(news):
            stamped = f"{clock_time(int(time.time() * 1000), zone_s)} {line}"
            yield to_ascii((Span(stamped, "text"),))[0].text if ascii_only else stamped


def follow(source: Source, *, ascii_only: bool, over: Callable[[], bool] = lambda: False) -> int:
    """Print lines until interrupted, until the reader is gone, or until it is `over`; the exit code."""

    async def print_all() -> None:
        async for line in tell(source, ascii_only=ascii_only):
            print(line, flush=True)

    async def until_over() -> None:
        printing = asyncio.create_task(print_all())
        while not over() and not printing.done():
            await asyncio.wait((printing,), timeout=OVER_EVERY_S)
        printing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await printing

    with contextlib.suppress(BrokenPipeError):
        try:
            asyncio.run(until_over())
        except KeyboardInterrupt:
            print("", file=sys.stderr)
            return 130
    return 0
