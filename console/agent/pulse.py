"""The agent's pulse: gauges, health, the current reason and the clock, each at its own pace."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from console.agent.board import Board
from console.agent.calls.reasons import ReasonCalls
from console.agent.clock import NowMs, local_day
from console.agent.daybook import Daybook
from console.agent.engine_view import engine_view, plan_view
from console.agent.jobs.desk import Desk
from console.agent.journal import Journal, JournalError
from console.agent.machine import ENGINE_NAME, machine_view, this_cpu
from console.agent.money import Purse
from console.agent.policies import Policies
from console.agent.reason import Facts, current, resting
from console.agent.supervision.supervisor import Supervisor
from console.agent.uplink import Uplink
from console.agent.weights_gone import WeightsGone
from console.control.events import EngineChanged, MachineSampled, PlanChanged, ReasonChanged, Ticked
from console.control.state import EngineView
from console.hardware.sampler import Sampler
from console.protocol.reasons import Reason

SAMPLE_S = 2.0
TICK_S = 1.0
EXPIRE_S = 300.0


class Pulse:
    """Reads the parts and tells the board. `trouble`: why the journal cannot be written, or empty."""

    def __init__(
        self,
        *,
        board: Board,
        journal: Journal,
        purse: Purse,
        policies: Policies,
        desk: Desk,
        supervisor: Supervisor,
        uplink: Uplink,
        daybook: Daybook,
        model: str,
        weights: Path,
        now_ms: NowMs,
    ) -> None:
        self._board = board
        self._journal = journal
        self._purse = purse
        self._policies = policies
        self._desk = desk
        self._supervisor = supervisor
        self._uplink = uplink
        self._daybook = daybook
        self._model = model
        self._weights = WeightsGone(weights, supervisor)
        self._now_ms = now_ms
        self._day = local_day(now_ms())
        self._calls = ReasonCalls(board)
        self.trouble = ""

    def trouble_is(self, sentence: str) -> None:
        """The journal cannot be written (`sentence`), or can again (empty)."""
        if sentence and not self.trouble:
            self._board.note("error", "machine", sentence, keep=False, calls=True)
        if self.trouble and not sentence:
            self._board.note("good", "machine", "The journal can be written again.")
        self.trouble = sentence

    def reason(self) -> Reason:
        """Why the node is earning, or not, now."""
        return current(self._facts())

    def resting(self) -> Reason | None:
        """Why this machine itself wants no work now, or None."""
        return resting(self._facts())

    def _facts(self) -> Facts:
        state = self._board.state
        return Facts(
            now_ms=self._now_ms(),
            switches=self._policies.switches,
            engine=state.engine,
            network=self._uplink.view,
            network_reason=self._uplink.reason,
            refused=self._uplink.refused,
            disk_free_bytes=state.machine.disk_free_bytes,
            journal_trouble=self.trouble,
            weights_missing=self._weights.missing(),
            gpu_lost=any(gpu.lost for gpu in state.machine.gpus),
            waiting=self._desk.waiting,
            running=self._desk.running,
            queue_limit=self._uplink.policy.queue_limit,
            last_accepted_ms=self._purse.standing.last_accepted_ms,
            draws=self._uplink.draws,
        )

    def refresh(self) -> None:
        """Tell the reason if it changed; the time since when is kept while the code stays."""
        new, old = self.reason(), self._board.state.reason
        same = new.code == old.code
        since_ms = new.since_ms or (old.since_ms if same else self._now_ms())
        new = msgspec.structs.replace(new, since_ms=since_ms)
        if new != old:
            self._board.apply(ReasonChanged(new))
        self._calls.take(new)

    def show_engine(self, sample: bool = False) -> None:
        """Tell how the engine is."""
        self._board.apply(EngineChanged(self._engine_view(), sample))
        self._show_plan()
        self.refresh()

    async def sample(self, sampler: Sampler) -> None:
        """The machine's gauges, for ever."""
        cpu = await asyncio.to_thread(this_cpu)
        try:
            while True:
                sampler.watch(ENGINE_NAME, self._supervisor.pid)
                view = machine_view(await sampler.sample(time.monotonic()), cpu, self._now_ms())
                self._board.apply(MachineSampled(view))
                await asyncio.sleep(SAMPLE_S)
        finally:
            await sampler.close()

    async def tick(self) -> None:
        """The clock, for ever: the reason, the day, what expires."""
        expire_at = time.monotonic() + EXPIRE_S
        while True:
            seq = self._board.snapshot().seq
            self._weights.try_if_back()
            self.refresh()
            await asyncio.sleep(TICK_S)
            if self._board.snapshot().seq == seq:
                self._board.apply(Ticked())
            await self._write_up()
            today = local_day(self._now_ms())
            if today != self._day or time.monotonic() >= expire_at or self.trouble:
                self._day, expire_at = today, time.monotonic() + EXPIRE_S
                await self._tidy()

    async def _write_up(self) -> None:
        try:
            await self._daybook.beat()
        except JournalError as error:
            self.trouble_is(str(error))

    async def _tidy(self) -> None:
        try:
            await self._journal.results.expire(self._now_ms())
            await self._purse.publish()
        except JournalError as error:
            self.trouble_is(str(error))
        else:
            self.trouble_is("")

    def _engine_view(self) -> EngineView:
        next_try_in_ms = self._supervisor.next_try_in_ms
        return engine_view(
            self._supervisor.supervised,
            self._supervisor.health,
            model=self._model,
            pid=self._supervisor.pid,
            next_try_ms=0 if next_try_in_ms is None else self._now_ms() + next_try_in_ms,
            running=self._desk.running,
            waiting=self._desk.waiting,
        )

    def _show_plan(self) -> None:
        supervisor, old = self._supervisor, self._board.state.plan
        learned, used = supervisor.supervised.learned, supervisor.slots
        view = plan_view(supervisor.plan, learned, used, old.made_ms)
        if view != old:
            view = msgspec.structs.replace(view, made_ms=self._now_ms())
            self._board.apply(PlanChanged(view))
