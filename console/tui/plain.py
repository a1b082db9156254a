"""Line mode: one line for each thing that changed, for pipes, dumb terminals and screen readers.

In a terminal single keys ask for more and give orders; nothing is ever drawn over.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable

from console.control.link import Source
from console.control.wire import CommandName
from console.tui import summaries
from console.tui.figures import clock_time
from console.tui.keyboard import Keyboard, has_keys
from console.tui.rows import Span, clean, to_ascii
from console.tui.store import View
from console.tui.teller import Teller

OVER_EVERY_S = 1.0
"""How often it is asked whether there is still something to follow."""
ANSWERS: dict[str, Callable[[View], list[str]]] = {
    "h": summaries.speed,
    "s": summaries.summary,
    "e": summaries.earnings,
    "j": summaries.running,
}
ORDERS: dict[str, CommandName] = {"p": "pause", "r": "resume"}
CHANGING = frozenset("prd")


class Lines:
    """Line mode with its keys: `say` gets every line; `left` is set to an exit code to end it."""

    def __init__(
        self, source: Source, say: Callable[[str], None], *, read_only: bool, clock: Callable[[], int]
    ) -> None:
        self._source = source
        self._say = say
        self._read_only = read_only
        self._teller = Teller(clock)
        self._asked_to_drain = False
        self._orders: set[asyncio.Task[None]] = set()
        self.left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def follow(self) -> None:
        """Say what happens, without end."""
        async for news in self._source.attach():
            for line in self._teller.lines(news):
                self._say(line)

    def leave(self, code: int = 0) -> None:
        """End it."""
        if not self.left.done():
            self.left.set_result(code)

    def welcome(self) -> None:
        """Say which keys there are."""
        self._say(summaries.keys(self._read_only))

    def press(self, key: str) -> None:
        """Do what `key` asks; what is no key says which there are."""
        key = key.lower()
        if self._asked_to_drain:
            self._asked_to_drain = False
            if key == "y":
                self._order("drain")
            else:
                self._say("Not drained.")
        elif key == "q":
            self.leave()
        elif key in CHANGING and self._read_only:
            self._say("This console is read-only.")
        elif key == "d":
            self._asked_to_drain = True
            self._say("Drain: jobs that run are finished, no new ones are taken. Press y to do it, n not to.")
        elif key in ORDERS:
            self._order(ORDERS[key])
        else:
            self._answer(key)

    def _answer(self, key: str) -> None:
        answer = ANSWERS.get(key)
        if answer is None:
            self.welcome()
            return
        view = self._teller.store.view()
        if not view.known:
            self._say(clean(view.trouble) or "Nothing is known yet: attaching to the agent.")
            return
        for line in answer(view):
            self._say(line)
        if key == "h":
            self.welcome()

    def _order(self, name: CommandName) -> None:
        task = asyncio.get_running_loop().create_task(self._give(name))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _give(self, name: CommandName) -> None:
        answer = await self._source.command(name)
        self._say(clean(answer.sentence) or ("Done." if answer.ok else "Not done."))


def follow(
    source: Source,
    *,
    ascii_only: bool,
    read_only: bool = False,
    farewell: str = "",
    over: Callable[[], bool] = lambda: False,
) -> int:
    """Print lines until interrupted, until the reader is gone, or until it is `over`; the exit code."""
    zone_s = time.localtime().tm_gmtoff

    def say(line: str) -> None:
        stamped = f"{clock_time(int(time.time() * 1000), zone_s)} {line}"
        print(to_ascii((Span(stamped, "text"),))[0].text if ascii_only else stamped, flush=True)

    async def until_over() -> int | None:
        lines = Lines(source, say, read_only=read_only, clock=lambda: time.monotonic_ns() // 1_000_000)
        with contextlib.ExitStack() as stack:
            if has_keys(sys.stdin, sys.stdout):
                stack.enter_context(Keyboard(lines.press).listening())
                lines.welcome()
            return await _until_over(lines, over)

    with contextlib.suppress(BrokenPipeError):
        try:
            code = asyncio.run(until_over())
        except KeyboardInterrupt:
            print("", file=sys.stderr)
            return 130
        if code == 0 and farewell:
            print(farewell)
        return code or 0
    return 0


async def _until_over(lines: Lines, over: Callable[[], bool]) -> int | None:
    """The exit code once the operator leaves or a signal ends us; None when it is over by itself."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, lines.leave, 128 + number)
    following = asyncio.create_task(lines.follow())
    ends = (following, lines.left)
    try:
        while not over() and not any(end.done() for end in ends):
            await asyncio.wait(ends, timeout=OVER_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
        return lines.left.result() if lines.left.done() else None
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
