"""Claimed, accepted and settled, side by side, epoch by epoch. Pure: a difference is a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from console.agent.journal.kept_statements import Columns, KeptStatement
from console.control.statements import StatementsView, StatementView
from console.ledger.findings import Finding
from console.ledger.stated_accounts import accounts_of_node
from console.protocol.statements import Sums


def reconciled(
    node: str,
    kept: Sequence[KeptStatement],
    columns: Mapping[str, Columns],
    missing: Mapping[str, Sequence[str]],
    waiting: int,
    shown: int,
) -> StatementsView:
    """All statements of one coordinator, newest first. `columns`, and `missing` jobs: by their digests."""
    found = [statement_findings_of(node, one, columns[one.digest]) for one in kept]
    views = [
        statement_view(node, one, columns[one.digest], len(wrong) + len(missing.get(one.digest, ())))
        for one, wrong in zip(kept, found, strict=True)
    ]
    return StatementsView(
        statements=tuple(views[:shown]),
        findings=(*chain.from_iterable(found), *missing_findings(kept, missing)),
        claimed=sum(view.claimed for view in views),
        accepted=sum(view.accepted for view in views),
        settled=sum(view.settled for view in views),
        waiting=waiting,
    )


def statement_view(node: str, kept: KeptStatement, columns: Columns, findings: int) -> StatementView:
    """One epoch, in which so much is wrong."""
    sums = _sums(node, kept)
    pending, available, bond = sums
    credited = pending.credits + bond.credits
    deposited = _deposited(kept, columns, credited)
    return StatementView(
        epoch=kept.statement.epoch,
        digest=kept.digest,
        closed_ms=kept.statement.closed_ms,
        receipts=kept.receipts,
        claimed=columns.claimed,
        accepted=columns.accepted,
        settled=credited - deposited,
        penalised=_taken(sums),
        deposited=deposited,
        pending=pending.closing,
        available=available.closing,
        bond=bond.closing,
        proved=kept.proved,
        findings=findings,
    )


def statement_findings_of(node: str, kept: KeptStatement, columns: Columns) -> tuple[Finding, ...]:
    """What is wrong with a statement by itself, and beside this node's journal."""
    return (*kept.findings, *_differences(node, kept, columns))


def missing_findings(
    kept: Sequence[KeptStatement], missing: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """Receipts that were booked in an epoch whose statement is here, and that no statement counts."""
    for one in kept:
        for job in missing.get(one.digest, ()):
            words = "This node holds the coordinator's receipt, and the statement does not count it."
            yield Finding("receipt_missing", words, one.statement.epoch, job)


def _differences(node: str, kept: KeptStatement, columns: Columns) -> Iterator[Finding]:
    epoch = kept.statement.epoch
    for listed in kept.unknown:
        words = "The statement counts a receipt as this node's that this node never got."
        yield Finding("receipt_unknown", words, epoch, listed.job)
    if columns.accepted != columns.rewards:
        words = f"Accepted verdicts cover {columns.accepted}, and the receipts pay {columns.rewards}."
        yield Finding("credits", words, epoch)
    if not kept.proved:
        return
    sums = _sums(node, kept)
    credited, taken = sums[0].credits + sums[2].credits, _taken(sums)
    if credited < columns.rewards:
        words = f"The receipts pay {columns.rewards}, and the accounts were credited with {credited}."
        yield Finding("credits", words, epoch)
    if taken != columns.penalties and not kept.unknown:
        words = f"The receipts take {columns.penalties}, and {taken} was taken from the accounts."
        yield Finding("debits", words, epoch)


def _sums(node: str, kept: KeptStatement) -> tuple[Sums, Sums, Sums]:
    """Pending, available, bond."""
    lines = {line.account: line.sums for line in kept.lines}
    pending, available, bond = (lines.get(account, Sums()) for account in accounts_of_node(node))
    return pending, available, bond


def _taken(sums: tuple[Sums, Sums, Sums]) -> int:
    """What left pending and bond for good: what became available did not leave."""
    pending, available, bond = sums
    return pending.debits + bond.debits - available.credits


def _deposited(kept: KeptStatement, columns: Columns, credited: int) -> int:
    """What is left when the receipts are taken off: a bond that somebody paid in. While a receipt is on its
    way here, nothing can be said of it."""
    return 0 if kept.unknown or not kept.proved else max(0, credited - columns.rewards)
