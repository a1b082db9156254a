"""An event loop whose time is a number: when nothing is ready, it jumps to the next timer."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Callable, Coroutine
from typing import Any

_PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


_LONGEST_S = 3600.0
_AT_ONCE_S = 1e-9
"""Timers so close to each other are due together."""


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


class _Handle(asyncio.Handle):
    """The loop's own, made without asking each time whether anybody debugs."""

    __slots__ = ()

    def __init__(
        self, callback: Callable[..., Any], args: tuple[Any, ...], loop: SimulatedLoop, context: Any
    ) -> None:
        self._context = contextvars.copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None


class _Timer(_Handle, asyncio.TimerHandle):
    """The same of a timer; its owner sets `_when`."""

    __slots__ = ()


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs everything in one thread and in one order, given the same calls."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._set = 0
        self._made = 0
        self.processes: list[Process] = []
        """All that ever were."""
        self.set_task_factory(self._make)

    def time(self) -> float:
        """Simulated seconds since the history began."""
        return self._now_s

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        """As the loop's own, in one call."""
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """As the loop's own. Of two timers for one moment the one that was set first is first."""
        timer = _Timer(callback, args, self, context)
        timer._when = when
        self._set += 1
        heapq.heappush(self._timers, (when, self._set, timer))
        return timer

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

    def _timer_handle_cancelled(self, _: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def _run_once(self) -> None:
        """One turn, as the base's: what is due, then what is ready. It waits for no socket and no thread."""
        ready, timers = self._ready, self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not ready:
            self._pass_time()
        while timers and timers[0][0] < self._now_s + _AT_ONCE_S:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _pass_time(self) -> None:
        """Until the next timer: nothing is ready."""
        if not self._timers:
            raise StuckError("no task is ready and no timer is set")
        wait_s = self._timers[0][0] - self._now_s
        if wait_s > 0:
            if self._now_s > _LONGEST_S:
                raise StuckError(f"the history is not over after {_LONGEST_S:.0f} s: {self.waiting()}")
            self._now_s += wait_s

    def _write_to_self(self) -> None:
        """No other thread, nobody to wake."""


class Process:
    """Tasks that live and die together, as those of one process of an operating system."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._tasks: list[asyncio.Task[Any]] = []
        self.killed = False
        self._unheard: list[str] = []
        loop.processes.append(self)

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
        self._unheard = self.unheard
        self.killed = True
        for task in self._tasks:
            task.cancel()
        self._tasks = [task for task in self._tasks if not task.done()]

    @property
    def unheard(self) -> list[str]:
        """Errors with which tasks ended, before a kill, and that nobody has looked at."""
        if self.killed:
            return self._unheard
        ended = [task for task in self._tasks if task.done() and task._log_traceback]  # type: ignore[attr-defined]
        return [f"{task.get_coro().__qualname__} ended: {task.exception()!r}" for task in ended]  # type: ignore[union-attr]

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
