"""An event loop whose time is a number: when nothing is ready, it jumps to the next timer."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

_PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


_LONGEST_S = 3600.0


class StuckError(Exception):
    """Everything waits for something that nobody will do, or for ever."""


class _Numbered(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where it lies in memory."""

    def __init__(self, coro: Coroutine[Any, Any, Any], number: int, **options: Any) -> None:
        self._number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class _Selector:
    """Waits for no socket: a wait of so many seconds is over at once, and the seconds have passed."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout_s: float | None) -> list[Any]:
        if timeout_s is None:
            raise StuckError("no task is ready and no timer is set")
        if timeout_s and self._loop.time() > _LONGEST_S:
            raise StuckError(f"the history is not over after {_LONGEST_S:.0f} s: {self._loop.waiting()}")
        self._loop.pass_time(timeout_s)
        return []


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs everything in one thread and in one order, given the same calls."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._selector = _Selector(self)
        self._made = 0
        self.set_task_factory(self._make)

    def time(self) -> float:
        """Simulated seconds since the history began."""
        return self._now_s

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self._now_s += max(0.0, seconds)

    def waiting(self) -> list[str]:
        """Names of the work that is not done."""
        left = sorted(asyncio.all_tasks(self), key=hash)
        return [getattr(task.get_coro(), "__qualname__", "?") for task in left]

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """There are no threads: `func` runs on the loop, after what is ready now."""
        future = self.create_future()
        self.call_soon(_fulfil, future, func, args)
        return future

    def _make(self, _: asyncio.AbstractEventLoop, coro: Any, context: Any = None) -> asyncio.Task[Any]:
        self._made += 1
        task = _Numbered(coro, self._made, loop=self, context=context)
        process = context.get(_PROCESS) if context is not None else _PROCESS.get()
        if process is not None:
            process.adopt(task)
        return task

    def _process_events(self, _: list[Any]) -> None:
        """No sockets, no events."""

    def _write_to_self(self) -> None:
        """No other thread, nobody to wake."""


class Process:
    """Tasks that live and die together, as those of one process of an operating system."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._tasks: list[asyncio.Task[Any]] = []
        self.killed = False

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """`task` was made by one of these."""
        self._tasks.append(task)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `work` in this process; what it starts is of it as well."""
        context = contextvars.copy_context()
        context.run(_PROCESS.set, self)
        return self._loop.create_task(work, context=context)

    def kill(self) -> None:
        """As SIGKILL: nothing goes on. What a task still does as it unwinds finds disk and wires gone."""
        self.killed = True
        for task in self._tasks:
            task.cancel()
        self._tasks = [task for task in self._tasks if not task.done()]

    @property
    def alive(self) -> bool:
        """Whether any of its tasks is not done."""
        return any(not task.done() for task in self._tasks)


def _fulfil(future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if future.done():
        return
    try:
        future.set_result(func(*args))
    except Exception as error:
        future.set_exception(error)
