"""What this node's statements come to, read from the journal."""

from __future__ import annotations

from collections.abc import Sequence

from console.agent.board import Board
from console.agent.journal import Journal
from console.agent.journal.kept_statements import KeptStatement
from console.agent.journal.statements import EPOCH_LIMIT
from console.agent.statements.reconcile import reconciled
from console.control.events import MoneyChanged, VerdictArrived
from console.control.statements import STATEMENTS_SHOWN, StatementsView
from console.control.wire import Delta


class StatementViews:
    """Tells of the statements of the coordinator that was heard of last.

    What the state shows is held until a statement, a receipt or a verdict comes: it is asked for at every
    tell of the earnings.
    """

    def __init__(self, node: str, journal: Journal, board: Board) -> None:
        self._node = node
        self._journal = journal
        self._changes = 0
        self._held: StatementsView | None = None
        self._awaited: str | None = None
        self._open_epoch = EPOCH_LIMIT
        board.listen(self._hear)

    def signed_in(self, coordinator: str, open_epoch: int, states: bool) -> None:
        """From now on receipts wait for statements of `coordinator`, if it `states`, and of no other."""
        self._awaited, self._open_epoch = coordinator if states else "", open_epoch
        self.changed()

    def changed(self) -> None:
        """What is held is no longer true."""
        self._changes += 1
        self._held = None

    async def view(self, limit: int, epoch: int | None) -> StatementsView:
        """The newest statements, or the one of `epoch`, and what is wrong. Raises JournalError."""
        shown = limit == STATEMENTS_SHOWN and epoch is None
        if shown and self._held is not None:
            return self._held
        changes = self._changes
        view = await self._read(limit, epoch)
        if shown and changes == self._changes:
            self._held = view
        return view

    async def _read(self, limit: int, epoch: int | None) -> StatementsView:
        table = self._journal.statements
        kept = [await table.came_late(one) for one in await table.latest(limit, epoch)]
        columns = {one.digest: await self._journal.stated.columns(one.digest) for one in kept}
        missing = await self._journal.stated.missing(kept)
        return reconciled(self._node, kept, columns, missing, await self._waiting(kept), limit)

    def _hear(self, delta: Delta) -> None:
        if isinstance(delta.event, (MoneyChanged, VerdictArrived)):
            self.changed()

    async def _waiting(self, kept: Sequence[KeptStatement]) -> int:
        """Receipts that a statement may still count. Before the first sign-in: of whom was heard of last."""
        last_heard = kept[0].statement.coordinator if kept else ""
        coordinator = last_heard if self._awaited is None else self._awaited
        if not coordinator:
            return 0
        newest = await self._journal.statements.newest(coordinator, self._open_epoch)
        since_ms = 0 if newest is None else newest.statement.closed_ms
        return await self._journal.stated.waiting(coordinator, since_ms)
