"""What is done with a statement that came: it is examined and kept, and what is wrong is told."""

from __future__ import annotations

from collections.abc import Callable

from console.agent.board import Board
from console.agent.journal import Journal
from console.agent.journal.kept_statements import Columns, KeptStatement, Listed
from console.agent.statements.examine import Known, Told, examine
from console.agent.statements.reconcile import statement_findings_of
from console.ledger.figures import exact_credits
from console.ledger.findings import Finding
from console.ledger.statements import same_findings, statement_findings
from console.models.errors import plain
from console.protocol.statements import Stated, Statement, statement_digest


class StatementKeeper:
    """Writes the journal's statements. Every method may raise JournalError."""

    def __init__(self, node: str, journal: Journal, board: Board, on_kept: Callable[[], None]) -> None:
        """`on_kept`: called when a statement or a finding was added."""
        self._node = node
        self._journal = journal
        self._board = board
        self._on_kept = on_kept

    async def keep(
        self,
        coordinator: str,
        open_epoch: int,
        told: Told,
        last: KeptStatement | None,
        second: bool = False,
    ) -> None:
        """`second`: of an epoch that has its statement already; it is evidence, and counts for nothing."""
        table = self._journal.statements
        asked = [Listed(one.job, one.attempt, one.leaf) for one in told.receipts]
        known = Known(self._node, coordinator, open_epoch, last, await self._journal.stated.leaves(asked))
        kept, stated = examine(told, known)
        if await table.put(coordinator, kept, () if second else stated) and not second:
            self._note(kept, await self._journal.stated.columns(kept.digest))
            self._on_kept()

    async def contradicted(
        self, coordinator: str, open_epoch: int, first: KeptStatement, stated: Stated, told: Told | None
    ) -> None:
        """The network names another statement of an epoch than `first`. `told`: the one that it shows."""
        shown = told if told is not None and told.statement.epoch == stated.epoch else None
        found: tuple[Finding, ...] = ()
        if shown is not None and _both_signed(first.statement, shown.statement, coordinator):
            found = same_findings(first.statement, shown.statement)
        # The finding first: once the second one is kept, nothing is left that contradicts.
        for finding in found or (_named_only(first, stated),):
            if await self._journal.statements.accuse(coordinator, stated.epoch, finding):
                self._accuse(finding)
        if shown is not None and statement_digest(shown.statement) != first.digest:
            await self.keep(coordinator, open_epoch, shown, None, second=True)

    async def look_ahead(self, coordinator: str, open_epoch: int) -> None:
        """Nothing can be stated of an epoch that is not over: a network that did so has gone back since."""
        newest = await self._journal.statements.newest(coordinator)
        if newest is None or newest.statement.epoch < open_epoch:
            return
        words = "The network stated this epoch, and then went back to it or to an earlier one."
        finding = Finding("history", words, newest.statement.epoch)
        if await self._journal.statements.accuse(coordinator, finding.epoch, finding):
            self._accuse(finding)

    def _note(self, kept: KeptStatement, columns: Columns) -> None:
        found = statement_findings_of(self._node, kept, columns)
        for finding in found:
            self._accuse(finding)
        if not found:
            settled = exact_credits(columns.rewards).strip()
            text = (
                f"Epoch {kept.statement.epoch} is stated and checked: {settled} for {kept.receipts} answers."
            )
            self._board.note("good", "money", text)

    def _accuse(self, finding: Finding) -> None:
        self._on_kept()
        text = f"Statement of epoch {finding.epoch}, {finding.name}: {finding.sentence}"
        self._board.note("error", "money", text, calls=True)


def _both_signed(one: Statement, other: Statement, coordinator: str) -> bool:
    found = (*statement_findings(one, coordinator), *statement_findings(other, coordinator))
    return all(finding.name != "signature" for finding in found)


def _named_only(first: KeptStatement, stated: Stated) -> Finding:
    """A name alone contradicts `first`: no other statement is here that bears the coordinator's signature."""
    words = (
        f"The coordinator names statement {plain(stated.digest, 12)} for this epoch, and does not show it "
        f"signed. It stated {first.digest[:12]} before: not all nodes were told the same."
    )
    return Finding("two_statements", words, stated.epoch)
