"""One long piece of work on a model file, in a thread of its own: watched, paced, ended when told.

A daemon thread, since nobody may have to wait at the end of the process for a server that says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from console.models.hashing import OnProgress, Progress

REPORT_S = 0.5
"""Between two reports of the same stage."""

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818
    """The errand ended because it was told to."""


class Pace:
    """Lets the first report of each stage through, and then one in `REPORT_S`."""

    def __init__(self, report: OnProgress, now_s: Callable[[], float]) -> None:
        self._report = report
        self._now_s = now_s
        self._last_s = 0.0
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        now_s = self._now_s()
        if progress.stage != self._stage or now_s - self._last_s >= REPORT_S:
            self._stage, self._last_s = progress.stage, now_s
            self._report(progress)


class Errand(Generic[T]):
    """Runs `work`, which reports its progress to the function that it is given."""

    def __init__(self, work: Callable[[OnProgress], T], now_s: Callable[[], float]) -> None:
        self._work = work
        self._now_s = now_s
        self._told = threading.Event()

    def stop(self) -> None:
        """End it at its next report; what was fetched so far is kept."""
        self._told.set()

    async def run(self, on_progress: OnProgress) -> T:
        """What the work returns or raises; `on_progress` is called in the event loop, at most twice a second.

        Raises:
            Stopped: `stop` was called.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def tell(callback: Callable[..., object], *arguments: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(callback, *arguments)

        pace = Pace(lambda progress: tell(on_progress, progress), self._now_s)

        def report(progress: Progress) -> None:
            if self._told.is_set():
                raise Stopped
            pace(progress)

        def work() -> None:
            try:
                result = self._work(report)
            except BaseException as error:
                tell(_fail, done, error)
            else:
                tell(_settle, done, result)

        threading.Thread(target=work, name="quarterdeck-model", daemon=True).start()
        try:
            return await done
        finally:
            self._told.set()


def _settle(done: asyncio.Future[T], result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[T], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
