"""The daybook: looks once a second, hears what happens on the board, and tells what it comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from console.agent.board import Board
from console.agent.clock import NowMs, steady
from console.agent.daybook.earnings import EarningsDesk
from console.agent.daybook.hours import Hours
from console.agent.daybook.power import draw, energy, view
from console.agent.daybook.stopwatch import Stopwatch
from console.agent.daybook.watch import LimitWatch
from console.agent.journal import Journal
from console.control.earnings import PowerView
from console.control.events import JobChanged, MoneyChanged, VerdictArrived
from console.control.machine import GpuView
from console.control.statements import StatementsView
from console.control.timeline import kind_of
from console.control.wire import Delta
from console.models.errors import plain
from console.protocol.types import Policy
from console.settings.config import PowerConfig

WRITE_MS = 10_000
"""What a killed agent cannot write down is at most so much."""
STALE_MS = 10_000
"""Gauges older than this say nothing of the power drawn now."""
LOOK_LIMIT_MS = 30_000


class Daybook:
    """Built once per run: `load`, then `beat` every second, `close` at the end. All raise JournalError."""

    def __init__(
        self,
        journal: Journal,
        board: Board,
        power: PowerConfig,
        model: str,
        name: str,
        now_ms: NowMs,
        steady_ms: NowMs | None = None,
    ) -> None:
        """`model`, `name`: the group served, and what it is called. `steady_ms`: a clock that never jumps."""
        steady_ms = steady_ms or steady(now_ms)
        self._journal = journal
        self._board = board
        self._power = power
        self._model, self._name = model, plain(name)
        self.policy: Callable[[], Policy | None] = lambda: None
        self.statements: Callable[[], Awaitable[StatementsView]] = _none
        self._now_ms, self._steady_ms = now_ms, steady_ms
        self._hours = Hours(journal, board, model)
        self._earnings = EarningsDesk(journal, board)
        self._limits = LimitWatch(journal, board)
        self._work = Stopwatch(steady_ms)
        self._looked_ms = self._wrote_ms = steady_ms()
        self._rest_uj = 0
        board.listen(self._hear)

    async def load(self) -> None:
        """Take up what the last run left, and show it."""
        now_ms, policy = self._now_ms(), self.policy()
        await self._journal.money.name_model(self._model, self._name)
        await self._hours.load(now_ms)
        await self._limits.load(now_ms, policy)
        await self._hours.tell(now_ms)
        await self._tell(now_ms, self._steady_ms())

    async def beat(self) -> None:
        """Look at the node, count the time since the last look, and tell what changed."""
        now_ms, steady_ms, state = self._now_ms(), self._steady_ms(), self._board.state
        self._spend(now_ms, steady_ms)
        self._limits.look(now_ms, self.policy(), state.reason)
        news = await self._hours.look(now_ms, state.reason.code)
        if news or steady_ms - self._wrote_ms >= WRITE_MS:
            self._wrote_ms = steady_ms
            await self._hours.write()
        if news:
            await self._hours.tell(now_ms)
        if self._earnings.due(now_ms, steady_ms):
            await self._tell(now_ms, steady_ms)

    async def close(self) -> None:
        """Write down the last seconds."""
        self._spend(self._now_ms(), self._steady_ms())
        await self._hours.look(self._now_ms(), self._board.state.reason.code)
        await self._hours.write()

    def stated(self) -> None:
        """An epoch's statement came, or something is wrong with one."""
        self._earnings.mark()

    async def _tell(self, now_ms: int, steady_ms: int) -> None:
        stated = await self.statements()
        await self._earnings.tell(now_ms, steady_ms, self._power_now(now_ms), self.policy(), stated)

    def _spend(self, now_ms: int, steady_ms: int) -> None:
        elapsed_ms = min(max(0, steady_ms - self._looked_ms), LOOK_LIMIT_MS)
        self._looked_ms = steady_ms
        worked_ms = min(self._work.take(), elapsed_ms)
        drawn = draw(self._power, self._gauges(now_ms))
        mwh, self._rest_uj = energy(drawn, elapsed_ms, worked_ms, self._rest_uj)
        online_ms = elapsed_ms if self._online() else 0
        self._hours.spend(now_ms, worked_ms=worked_ms, online_ms=online_ms, energy_mwh=mwh)

    def _online(self) -> bool:
        state = self._board.state
        kind = kind_of(state.reason.code)
        ready = kind == "earning" or (kind == "idle" and state.network.listed)
        return ready and state.network.state == "connected"

    def _power_now(self, now_ms: int) -> PowerView:
        return view(self._power, draw(self._power, self._gauges(now_ms)), self._work.runs)

    def _gauges(self, now_ms: int) -> tuple[GpuView, ...]:
        machine = self._board.state.machine
        return machine.gpus if abs(now_ms - machine.at_ms) <= STALE_MS else ()

    def _hear(self, delta: Delta) -> None:
        event = delta.event
        if isinstance(event, JobChanged):
            self._work.hear(event.job)
            if event.job.state not in ("queued", "running"):
                self._earnings.mark()
        elif isinstance(event, VerdictArrived):
            if event.verdict.outcome == "rejected":
                self._limits.rejected(event.verdict.at_ms)
            self._earnings.mark()
        elif isinstance(event, MoneyChanged):
            self._earnings.mark()


async def _none() -> StatementsView:
    return StatementsView()
