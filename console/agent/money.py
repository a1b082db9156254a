"""What came in: receipts checked against the coordinator's key and the policy, totals from the journal."""

from __future__ import annotations

import msgspec

from console.agent.board import Board
from console.agent.clock import NowMs, local_day
from console.agent.journal import Journal
from console.agent.journal.facts import Standing
from console.agent.journal.records import Totals
from console.control.events import MoneyChanged
from console.control.state import MoneyView
from console.protocol.types import Balances, Policy, Receipt


class Purse:
    """Owns balances and totals."""

    def __init__(self, journal: Journal, board: Board, now_ms: NowMs, model: str = "") -> None:
        """`model`: the group that jobs count for."""
        self._journal = journal
        self._board = board
        self._now_ms = now_ms
        self._model = model
        self.standing = Standing()

    async def load(self) -> None:
        """Take up what was known before the restart."""
        self.standing = await self._journal.facts.standing()
        await self.publish()

    async def told(self, balances: Balances, policy: Policy | None = None) -> None:
        """The network says how the accounts stand."""
        policy = policy or self.standing.policy
        target = policy.bond_target if policy is not None else self.standing.bond_target
        await self._stand(balances=balances, bond_target=target, policy=policy)
        await self.publish()

    async def took(self) -> None:
        """A job was taken."""
        await self._count(Totals(jobs=1))

    async def failed(self) -> None:
        """A job failed here."""
        await self._count(Totals(failed=1))

    async def received(self, receipt: Receipt, coordinator: str) -> bool:
        """Book a receipt that `coordinator` signed, as was checked; False when it was booked before."""
        now_ms = self._now_ms()
        booked = (receipt, now_ms, local_day(now_ms), self._model, coordinator)
        if not await self._journal.money.put_receipt(*booked):
            return False
        accepted = receipt.outcome == "accepted"
        await self._stand(
            balances=receipt.balances,
            last_accepted_ms=now_ms if accepted else self.standing.last_accepted_ms,
            last_paid_ms=now_ms if receipt.reward > 0 else self.standing.last_paid_ms,
        )
        await self.publish()
        return True

    async def publish(self) -> None:
        """Tell the clients."""
        today, whole = await self._journal.money.totals(local_day(self._now_ms()))
        view = MoneyView(
            balances=self.standing.balances,
            bond_target=self.standing.bond_target,
            today_earned=today.earned,
            today_penalised=today.penalised,
            today_jobs=today.jobs,
            today_accepted=today.accepted,
            today_rejected=today.rejected,
            today_failed=today.failed,
            total_earned=whole.earned,
            total_penalised=whole.penalised,
            total_accepted=whole.accepted,
            total_rejected=whole.rejected,
            last_accepted_ms=self.standing.last_accepted_ms,
            last_paid_ms=self.standing.last_paid_ms,
        )
        if view != self._board.state.money:
            self._board.apply(MoneyChanged(view))

    async def _count(self, add: Totals) -> None:
        await self._journal.money.count(local_day(self._now_ms()), add, self._model)
        await self.publish()

    async def _stand(self, **changes: object) -> None:
        self.standing = msgspec.structs.replace(self.standing, **changes)
        await self._journal.facts.put_standing(self.standing)
