"""A statement as it comes from the network, checked for this node. Pure: findings, never exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from console.agent.journal.kept_statements import KeptStatement, Listed
from console.ledger.findings import Finding
from console.ledger.stated_accounts import accounts_of_node
from console.ledger.statements import (
    account_findings,
    chain_findings,
    history_findings,
    receipt_findings,
    statement_findings,
)
from console.protocol.statements import (
    PROOFS_KEPT,
    AccountInclusion,
    AccountLine,
    HistoryProof,
    ReceiptInclusion,
    Statement,
    statement_digest,
)

FINDINGS_LIMIT = 100
"""A statement that is wrong in more ways is wrong enough."""


class Told(msgspec.Struct, frozen=True):
    """All pages of the coordinator's answer together."""

    statement: Statement
    accounts: tuple[AccountInclusion, ...] = ()
    receipts: tuple[ReceiptInclusion, ...] = ()
    receipts_total: int = 0
    proved: bool = True
    follows: HistoryProof | None = None


class Known(msgspec.Struct, frozen=True):
    """What this node knows by itself."""

    node: str
    coordinator: str
    open_epoch: int
    last: KeptStatement | None
    """The newest statement kept before this one."""
    leaves: Mapping[tuple[str, int], str]
    """Of this node's receipts, by job and attempt."""


def examine(told: Told, known: Known) -> tuple[KeptStatement, tuple[Listed, ...]]:
    """The statement to keep, with what is wrong, and the receipts that are proved to stand in it."""
    statement, last = told.statement, known.last
    findings = list(statement_findings(statement, known.coordinator))
    findings += _place(statement, last, told.follows)
    lines = {i.line.account: i.line for i in told.accounts if i.line.account in accounts_of_node(known.node)}
    findings += _accounts(told, known, lines)
    stated, unknown, wrong = _receipts(told, known)
    findings += wrong
    if not told.proved and known.open_epoch - statement.epoch <= PROOFS_KEPT:
        words = "The network does not prove this node's accounts, and the statement is not a day old."
        findings.append(Finding("unproved", words, statement.epoch))
    kept = KeptStatement(
        statement=statement,
        digest=statement_digest(statement),
        lines=tuple(lines.values()),
        receipts=len(stated) + len(unknown),
        unknown=unknown,
        proved=told.proved,
        findings=tuple(findings[:FINDINGS_LIMIT]),
    )
    return kept, stated


def _place(
    statement: Statement, last: KeptStatement | None, follows: HistoryProof | None
) -> tuple[Finding, ...]:
    if last is None:
        return chain_findings(statement, None) if statement.before == 0 else ()
    if statement.epoch == last.statement.epoch + 1:
        return chain_findings(statement, last.statement)
    return history_findings(statement, last.statement, follows or HistoryProof())


def _accounts(told: Told, known: Known, lines: Mapping[str, AccountLine]) -> Iterator[Finding]:
    epoch, last = told.statement.epoch, known.last
    for inclusion in told.accounts:
        if inclusion.line.account in lines:
            yield from account_findings(told.statement, inclusion)
    if not told.proved or last is None or not last.proved or last.statement.epoch != epoch - 1:
        return
    closings = {line.account: line.sums.closing for line in last.lines}
    for account in accounts_of_node(known.node):
        before, line = closings.get(account, 0), lines.get(account)
        if line is None and before:
            words = f"It held {before} as the last epoch closed, and it is not in this statement."
            yield Finding("account_missing", words, epoch, account)
        elif line is not None and line.sums.opening != before:
            words = f"It opens with {line.sums.opening}, and the last epoch closed with {before}."
            yield Finding("account_opening", words, epoch, account)


def _receipts(told: Told, known: Known) -> tuple[tuple[Listed, ...], tuple[Listed, ...], list[Finding]]:
    """Those that stand there and are here, those that are not here, and what is wrong."""
    epoch = told.statement.epoch
    stated: list[Listed] = []
    unknown: list[Listed] = []
    wrong: list[Finding] = []
    places: set[int] = set()
    for inclusion in told.receipts:
        job, listed = inclusion.job, Listed(inclusion.job, inclusion.attempt, inclusion.leaf)
        bad = receipt_findings(told.statement, inclusion)
        ours = known.leaves.get((job, inclusion.attempt))
        if bad or inclusion.index in places:
            words = "It is counted at a place where another one stands already."
            wrong += bad or (Finding("receipt_path", words, epoch, job),)
        elif ours is None:
            unknown.append(listed)
        elif ours == inclusion.leaf:
            stated.append(listed)
        else:
            words = "The statement counts another receipt for this job than this node was given."
            wrong.append(Finding("receipt_foreign", words, epoch, job))
        places.add(inclusion.index)
    if len(told.receipts) != told.receipts_total:
        words = f"Of {told.receipts_total} receipts, {len(told.receipts)} were shown."
        wrong.append(Finding("receipt_missing", words, epoch))
    return tuple(stated), tuple(unknown), wrong
