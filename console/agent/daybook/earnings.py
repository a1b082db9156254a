"""The earnings as clients see them, gathered from the journal when something changed, at a bearable pace."""

from __future__ import annotations

from console.agent.board import Board
from console.agent.daybook.calendar import day_before, day_of, day_start_ms
from console.agent.daybook.differences import difference, penalty
from console.agent.daybook.limits import window_ms
from console.agent.journal import Journal
from console.control.earnings import (
    DAYS_KEPT,
    DIFFERENCES_KEPT,
    PENALTIES_KEPT,
    Difference,
    EarningsView,
    PenaltyView,
    PowerView,
)
from console.control.events import EarningsChanged
from console.control.statements import StatementsView
from console.protocol.types import Policy

PACE_MS = 2_000
"""News are told at most so often: the view is some 12 kB."""
GENTLE_MS = 10_000
"""Time and electricity go on without news; they are told so often."""
NO_STATEMENTS = StatementsView()
_APART_READ = 10 * DIFFERENCES_KEPT
_DAY_MS = 86_400_000


class EarningsDesk:
    """Owns the view. `mark` whenever something changed that it rests on."""

    def __init__(self, journal: Journal, board: Board) -> None:
        self._journal = journal
        self._board = board
        self._marked = True
        self._told_ms = -GENTLE_MS
        self._day = ""

    def mark(self) -> None:
        """Something changed."""
        self._marked = True

    def due(self, now_ms: int, steady_ms: int) -> bool:
        """Whether it is time to tell."""
        waited_ms = steady_ms - self._told_ms
        marked = self._marked or day_of(now_ms) != self._day
        return waited_ms >= (PACE_MS if marked else GENTLE_MS)

    async def tell(
        self,
        now_ms: int,
        steady_ms: int,
        power: PowerView,
        policy: Policy | None,
        statements: StatementsView = NO_STATEMENTS,
    ) -> None:
        """Publish the view if it changed. Raises JournalError."""
        self._marked, self._told_ms, self._day = False, steady_ms, day_of(now_ms)
        first = day_before(now_ms, DAYS_KEPT - 1)
        view = EarningsView(
            days=await self._journal.money.days(first, self._day),
            models=await self._journal.money.models(first, self._day),
            penalties=await self._penalties(now_ms, policy),
            differences=await self._differences(now_ms),
            undecided=await self._journal.answers.undecided(),
            power=power,
            statements=statements,
        )
        if view != self._board.state.earnings:
            self._board.apply(EarningsChanged(view))

    async def _penalties(self, now_ms: int, policy: Policy | None) -> tuple[PenaltyView, ...]:
        window = 0 if policy is None else window_ms(policy)
        rejected = await self._journal.answers.rejected(PENALTIES_KEPT)
        return tuple(penalty(*one, now_ms, window) for one in rejected)

    async def _differences(self, now_ms: int) -> tuple[Difference, ...]:
        since_ms = day_start_ms(now_ms) - (DAYS_KEPT - 1) * _DAY_MS
        apart = await self._journal.answers.apart(since_ms, _APART_READ)
        found = (difference(answer, now_ms) for answer in apart)
        return tuple(one for one in found if one is not None)[:DIFFERENCES_KEPT]
