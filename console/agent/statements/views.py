"""What this node's statements come to, read from the journal."""

from __future__ import annotations

from collections.abc import Sequence

from console.agent.journal import Journal
from console.agent.journal.statements import EPOCH_LIMIT, KeptStatement
from console.agent.statements.reconcile import reconciled
from console.control.statements import StatementsView


class StatementViews:
    """Tells of the statements of the coordinator that was heard of last."""

    def __init__(self, node: str, journal: Journal) -> None:
        self._node = node
        self._journal = journal
        self._awaited: str | None = None
        self._open_epoch = EPOCH_LIMIT

    def signed_in(self, coordinator: str, open_epoch: int, states: bool) -> None:
        """From now on receipts wait for statements of `coordinator`, if it `states`, and of no other."""
        self._awaited, self._open_epoch = coordinator if states else "", open_epoch

    async def view(self, limit: int, epoch: int | None) -> StatementsView:
        """The newest statements, or the one of `epoch`, and what is wrong. Raises JournalError."""
        table = self._journal.statements
        kept = [await table.came_late(one) for one in await table.latest(limit, epoch)]
        columns = {one.digest: await table.columns(one.digest) for one in kept}
        missing = await table.missing(kept)
        return reconciled(self._node, kept, columns, missing, await self._waiting(kept), limit)

    async def _waiting(self, kept: Sequence[KeptStatement]) -> int:
        """Receipts that a statement may still count. Before the first sign-in: of whom was heard of last."""
        last_heard = kept[0].statement.coordinator if kept else ""
        coordinator = last_heard if self._awaited is None else self._awaited
        if not coordinator:
            return 0
        newest = await self._journal.statements.newest(coordinator, self._open_epoch)
        since_ms = 0 if newest is None else newest.statement.closed_ms
        return await self._journal.statements.waiting(coordinator, since_ms)
