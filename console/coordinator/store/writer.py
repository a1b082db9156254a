"""One thread that carries out units of work; what waits is committed together, with one disk flush."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from console.coordinator.store.errors import StoreError
from console.coordinator.store.unit import Unit

T = TypeVar("T")
_BATCH = 256


class Item:
    """A unit of work on its way, and what came of it. Made by whoever waits for it."""

    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.value: Any = None
        self.error: Exception | None = None
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Any] = self.loop.create_future()

    def give(self) -> None:
        """On the loop's own thread: wake the one who waits, unless that one is gone."""
        if self.done.done():
            return
        if self.error is None:
            self.done.set_result(self.value)
        else:
            self.done.set_exception(self.error)


def tell(items: Sequence[Item]) -> None:
    """Their commit stands: whoever asked learns what came of them. All of them cost a loop one wake-up."""
    for loop in {item.loop for item in items}:
        with contextlib.suppress(RuntimeError):  # a loop that has ended, and nobody waits there
            loop.call_soon_threadsafe(_give, [item for item in items if item.loop is loop])


def fail(items: Sequence[Item], error: StoreError) -> None:
    """Nothing of them stands, or that is not known."""
    for item in items:
        item.error = error
    tell(items)


def _give(items: list[Item]) -> None:
    for item in items:
        item.give()


class Writer:
    """A queue and its thread."""

    def __init__(
        self, commit: Callable[[list[Item]], None], rest: Callable[[], float | None] = lambda: None
    ) -> None:
        """`commit` carries out a batch and never raises.

        `rest` is called between batches; it returns in how many seconds it wants to be called again even
        if nothing comes, None for never.
        """
        self._commit = commit
        self._rest = rest
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """See `Store.transact`."""
        if self._closed:
            raise StoreError("The coordinator's database is closed: it is shutting down.")
        item = Item(work)
        self._queue.put(item)
        result: T = await item.done
        return result

    def close(self) -> bool:
        """Finish what is queued and end the thread; whether it still ran."""
        if self._closed:
            return False
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        return True

    def _write(self) -> None:
        last = False
        while not last:
            try:
                first = self._queue.get(timeout=self._rest())
            except queue.Empty:
                continue
            batch: list[Item] = []
            last = first is None
            if first is not None:
                batch.append(first)
            while not last and len(batch) < _BATCH and not self._queue.empty():
                more = self._queue.get()
                last = more is None
                if more is not None:
                    batch.append(more)
            if batch:
                self._commit(batch)
