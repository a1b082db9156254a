"""The shell around the machine: carries out its orders and tells it what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from console.agent.clock import NowMs
from console.agent.supervision.happenings import (
    Answered,
    Begin,
    Disproved,
    Exited,
    Happening,
    Limits,
    Order,
    Proved,
    Restart,
    Silent,
    Started,
    Supervised,
    Tick,
)
from console.agent.supervision.machine import stalled_ms, step
from console.agent.supervision.ports import EngineProcess, Launcher, Proof
from console.engine.plan import Plan
from console.engine.port import Engine, EngineError, Health

POLL_S = 2.0
LOADING_POLL_S = 0.2
PROBE_TIMEOUT_S = 120.0

OnChange = Callable[[Supervised, Supervised], None]


class Supervisor:
    """Owns the engine's process. `run` it until cancelled, then `close` it."""

    def __init__(self, launcher: Launcher, limits: Limits, now_ms: NowMs) -> None:
        """`now_ms`: a clock that never jumps; a jump would pass for silence of the engine."""
        self._launcher = launcher
        self._limits = limits
        self._now_ms = now_ms
        self._happenings: asyncio.Queue[Happening] = asyncio.Queue()
        self._process: EngineProcess | None = None
        self._doubted = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.supervised = Supervised()
        self.health: Health | None = None
        self.proof: Proof | None = None
        self.ready = asyncio.Event()
        self.on_change: OnChange = lambda old, new: None
        self.on_health: Callable[[], None] = lambda: None
        self.job_idle_ms: Callable[[], int] = lambda: 0
        """How long none of the running jobs has had a token; 0 when none runs."""

    @property
    def engine(self) -> Engine:
        """The engine's client; calls fail with EngineError while it is down."""
        return self._launcher.engine

    @property
    def plan(self) -> Plan | None:
        """How the engine was started last, and why so; None before the first start."""
        return self._launcher.plan

    @property
    def slots(self) -> int:
        """Generations that the engine is given at once: its slots, or as many of them as help."""
        plan, found = self.plan, self.supervised.learned.slots
        return min(plan.slots, found or plan.slots) if plan is not None else 1

    @property
    def pid(self) -> int:
        """The process's id, 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def next_try_in_ms(self) -> int | None:
        """Until the engine is started again, None when no start is due."""
        due_ms = self.supervised.next_try_ms
        return max(0, due_ms - self._now_ms()) if due_ms else None

    async def run(self) -> None:
        """Start the engine and keep it running."""
        self._spawn(self._poll())
        self._happenings.put_nowait(Begin())
        while True:
            try:
                async with asyncio.timeout(1.0):
                    happening = await self._happenings.get()
            except TimeoutError:
                happening = Tick()
            await self._take(happening)

    def doubt(self) -> None:
        """The engine did not answer somebody: it is not taken for ready until it answers here."""
        self._doubted = True
        self.ready.clear()

    def restart(self) -> None:
        """The operator wants a fresh engine."""
        self._happenings.put_nowait(Restart())

    async def close(self) -> None:
        """End the engine and everything around it."""
        for task in self._tasks:
            task.cancel()
        self.ready.clear()
        if self._process is not None:
            await self._process.stop()

    async def _take(self, happening: Happening) -> None:
        old = self.supervised
        self.supervised, order = step(old, self._now_ms(), happening, self._limits)
        if self._doubted and isinstance(happening, Answered | Proved):
            self._doubted = False
        if self.supervised.state == "ready" and not self._doubted:
            self.ready.set()
        else:
            self.ready.clear()
        if self.supervised != old:
            self.on_change(old, self.supervised)
        if order is not None:
            await self._carry_out(order)

    async def _carry_out(self, order: Order) -> None:
        if order == "start":
            await self._start()
        elif order == "kill" and self._process is not None:
            self._process.kill()
        elif order == "probe":
            self._spawn(self._probe())

    async def _start(self) -> None:
        self.health = None
        try:
            self._process = await self._launcher.launch(self.supervised.learned)
        except (OSError, EngineError) as error:
            self._happenings.put_nowait(Exited(f"It could not be started: {error}."))
            return
        self._happenings.put_nowait(Started())
        self._spawn(self._watch(self._process))

    async def _watch(self, process: EngineProcess) -> None:
        end = await process.wait()
        if self._process is process:
            self._process, self.health = None, None
            plan = self.plan
            smaller = plan.next_step if plan is not None else ""
            self._happenings.put_nowait(Exited(end.sentence, end.memory, smaller))

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                self.proof = proof = await self._launcher.prove()
        except EngineError as error:
            if error.code != "unreachable":  # its end, which is told by itself, says more
                self._happenings.put_nowait(Disproved(error.sentence))
        except TimeoutError:
            self._happenings.put_nowait(Disproved(f"no answer within {PROBE_TIMEOUT_S:.0f} s"))
        else:
            self._happenings.put_nowait(
                Proved(proof.milli_tokens_per_s, proof.slots, proof.slots_because, proof.starved)
            )

    async def _poll(self) -> None:
        while True:
            loading = self.supervised.state in ("starting", "loading")
            await asyncio.sleep(LOADING_POLL_S if loading else POLL_S)
            if self._process is not None:
                self._happenings.put_nowait(await self._ask())
                self.on_health()

    async def _ask(self) -> Happening:
        try:
            async with asyncio.timeout(5.0):
                health = await self._launcher.engine.health()
        except (EngineError, TimeoutError, OSError):
            return Silent()
        if health.pid != self.pid:
            return Silent()  # the last one, not quite gone yet, answers on the same socket
        job_idle_ms = 0 if _moved(self.health, health) else self.job_idle_ms()
        self.health = health
        stalled = stalled_ms(health.idle_ms, job_idle_ms, self._limits)
        return Answered(health.state, health.sentence, stalled, health.cause.startswith("memory"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _moved(before: Health | None, now: Health) -> bool:
    """Whether the engine computed anything in between, be it for others than this node's jobs."""
    if before is None:
        return False
    return (before.generated_tokens, before.prompt_tokens) != (now.generated_tokens, now.prompt_tokens)
