"""One kept statement with its checks, for who asks."""

from __future__ import annotations

import msgspec

from console.agent.journal import Journal
from console.agent.journal.statements import EPOCH_LIMIT
from console.agent.statements.checks import statement_checks
from console.agent.statements.reconcile import missing_findings, statement_findings_of, statement_view
from console.control.statement_detail import RECEIPTS_TOLD, StatementDetail
from console.control.wire import Answer, Command


class StatementDetails:
    """Answers the command `statement`, from the journal."""

    def __init__(self, node: str, journal: Journal) -> None:
        self._node = node
        self._journal = journal

    async def answer(self, command: Command) -> Answer:
        """Of the coordinator that was heard of last. Raises JournalError."""
        epoch = command.args.get("epoch")
        if not isinstance(epoch, int) or not 0 < epoch < EPOCH_LIMIT:
            return Answer(command.id, False, "epoch is the number of an epoch.")
        detail = await self._detail(epoch)
        if detail is None:
            return Answer(command.id, False, f"This node keeps no statement of epoch {epoch:,}.")
        return Answer(command.id, True, "", msgspec.Raw(msgspec.json.encode(detail)))

    async def _detail(self, epoch: int) -> StatementDetail | None:
        table, stated = self._journal.statements, self._journal.stated
        found = await table.latest(1, epoch)
        if not found:
            return None
        kept = await table.came_late(found[0])
        before = await table.newest(kept.statement.coordinator, epoch)
        columns = await stated.columns(kept.digest)
        missing = missing_findings([kept], await stated.missing([kept]))
        findings = (*statement_findings_of(self._node, kept, columns), *missing)
        return StatementDetail(
            view=statement_view(self._node, kept, columns, len(findings)),
            statement=kept.statement,
            lines=kept.lines,
            receipts=await stated.listed(kept.digest, RECEIPTS_TOLD),
            checks=statement_checks(kept, before, columns, findings),
            findings=findings,
        )
