"""The watch over the network's limits: warns before one is reached, once."""

from __future__ import annotations

from console.agent.board import Board
from console.agent.daybook.limits import limits, window_ms
from console.agent.journal import Journal
from console.control.events import LimitsChanged
from console.protocol.reasons import Reason
from console.protocol.types import Policy

REJECTIONS_KEPT = 1000


class LimitWatch:
    """Owns the limits."""

    def __init__(self, journal: Journal, board: Board) -> None:
        self._journal = journal
        self._board = board
        self._rejected: list[int] = []
        self._counted_from_ms = 0

    async def load(self, now_ms: int, policy: Policy | None) -> None:
        """Take up what the journal holds, warning of nothing that was there before. Raises JournalError."""
        if policy is not None:
            since_ms = now_ms - window_ms(policy)
            self._rejected = await self._journal.answers.rejections(since_ms, REJECTIONS_KEPT)
        found = limits(policy, self._rejected, now_ms)
        if found != self._board.state.limits:
            self._board.apply(LimitsChanged(found))

    def rejected(self, at_ms: int) -> None:
        """A verdict rejected an answer at `at_ms`."""
        self._rejected = [at_ms, *self._rejected][:REJECTIONS_KEPT]

    def look(self, now_ms: int, policy: Policy | None, reason: Reason) -> None:
        """See how near the limits are, and say so when one comes near."""
        if reason.code == "suspended":
            self._counted_from_ms = max(self._counted_from_ms, reason.until_ms)
        after_ms = self._counted_from_ms if self._counted_from_ms <= now_ms else 0
        old, new = self._board.state.limits, limits(policy, self._rejected, now_ms, after_ms)
        if new == old:
            return
        self._board.apply(LimitsChanged(new))
        calm = {view.rule for view in old if view.level == "calm"}
        for view in new:
            if view.level == "near" and (view.rule in calm or not old):
                text = f"{view.seen} of {view.limit} answers {view.title.lower()}. {view.sentence}"
                self._board.note("warning", "network", text, calls=True)
