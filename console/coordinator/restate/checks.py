"""Statements beside what the postings come to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from console.coordinator.restate.ledger import Ledger
from console.coordinator.restate.postings import Recounted
from console.coordinator.restate.receipts import Checked
from console.coordinator.store import StatementRow
from console.ledger import LedgerError
from console.ledger.accounts import CLIENTS
from console.ledger.findings import Finding
from console.ledger.history import GrowingHistory
from console.ledger.stated_accounts import ESCROW
from console.ledger.statements import (
    accounts_tree,
    chain_findings,
    receipts_tree,
    same_findings,
    statement_findings,
)
from console.ledger.sum_tree import within_bounds
from console.protocol.ids import short
from console.protocol.statements import AccountLine, Statement, Sums, statement_digest


def ledger_findings(ledger: Ledger) -> Iterator[Finding]:
    """What is wrong with the postings by themselves, and with what was not stated."""
    for uneven in ledger.uneven:
        words = f"{uneven.id}: its postings sum to {uneven.sum}, not to zero."
        if not uneven.sum:
            words = f"{uneven.id}: it has postings, and was never booked."
        yield Finding("postings", words, uneven.epoch, uneven.id)
    for account, difference in ledger.unlike:
        words = f"The running balance of {_shown(account)} is {difference} above what its postings come to."
        yield Finding("postings", words, 0, _shown(account))
    for job, attempt, node in ledger.unanswered:
        words = f"Attempt {attempt} of node {node[:12]} was judged, and there is no receipt: it was removed."
        yield Finding("receipt_missing", words, 0, job)
    stated = [row.epoch for row in ledger.statements]
    first = stated[0] if stated else ledger.books
    for epoch in ledger.closed:
        if epoch >= first and epoch not in stated:
            words = (
                "The epoch is over, and there is no statement of it. A coordinator that starts makes it good."
            )
            yield Finding("statement_missing", words, epoch)


def statements_findings(
    ledger: Ledger, epochs: Iterator[Recounted], receipts: Sequence[Checked], coordinator: str
) -> Iterator[Finding]:
    """Every statement, against its postings, its receipts, and the one before it."""
    last: Statement | None = None
    history = GrowingHistory()
    of_epoch: dict[int, list[Checked]] = {}
    for one in receipts:
        of_epoch.setdefault(one.kept.epoch, []).append(one)
    for row in ledger.statements:
        try:
            statement = msgspec.json.decode(row.body, type=Statement)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            yield Finding("signature", "The statement is not understood.", row.epoch)
            continue
        yield from statement_findings(statement, coordinator)
        yield from chain_findings(statement, last)
        yield from _place(row, statement, history, last)
        found = next(one for one in epochs if one.epoch == row.epoch)
        yield from _accounts(row, statement, found)
        yield from _receipts(statement, of_epoch.get(row.epoch, []))
        history = history.grown([statement_digest(statement)])
        last = statement


def _place(
    row: StatementRow, statement: Statement, history: GrowingHistory, last: Statement | None
) -> Iterator[Finding]:
    if statement.epoch != row.epoch:
        yield Finding("chain", f"It is the statement of epoch {statement.epoch}.", row.epoch)
        if last is not None:
            yield from same_findings(last, statement)
    if row.digest != statement_digest(statement):
        words = "Nodes were told another statement of this epoch: the digest that is kept is not this one's."
        yield Finding("two_statements", words, row.epoch)
    if (statement.before, statement.history) != (history.size, history.root):
        words = "Its history is not that of the statements that lie here."
        yield Finding("history", words, row.epoch)


def _accounts(row: StatementRow, statement: Statement, found: Recounted) -> Iterator[Finding]:
    epoch = row.epoch
    if row.lines or not statement.accounts:
        yield from _differing(row, found.lines)
    held = next((line.sums.closing for line in found.lines if line.account == ESCROW), 0)
    if row.held != held:
        words = f"The next statement opens with {row.held}, as is kept for it; its postings come to {held}."
        yield Finding("account_closing", words, epoch, ESCROW)
    try:
        tree = accounts_tree(found.lines)
    except LedgerError:
        for line in found.lines:
            if not within_bounds(line.sums):
                words = "By its postings it is below zero or beyond 64 bits."
                yield Finding("out_of_bounds", words, epoch, line.account)
        return
    root, sums = (tree.root.hash, tree.root.sums) if tree is not None else ("", Sums())
    ours = (root, sums, len(found.lines), found.deposited, found.withdrawn)
    theirs = (statement.accounts_root, statement.sums, statement.accounts, statement.deposited,
              statement.withdrawn)  # fmt: skip
    if ours != theirs:
        words = "The accounts by their postings are not those that were stated: another root, sums or count."
        yield Finding("account_path", words, epoch)


def _differing(row: StatementRow, ours: tuple[AccountLine, ...]) -> Iterator[Finding]:
    """Which accounts, by what is kept of the statement's lines."""
    try:
        lines = msgspec.msgpack.decode(row.lines, type=tuple[AccountLine, ...]) if row.lines else ()
    except msgspec.MsgspecError:
        yield Finding("account_path", "The accounts that are kept for it are not understood.", row.epoch)
        return
    kept = {line.account: line.sums for line in lines}
    counted = {line.account: line.sums for line in ours}
    for account in sorted(set(kept) | set(counted)):
        stated, found = kept.get(account), counted.get(account)
        about = (row.epoch, account)
        if stated is None:
            yield Finding("account_missing", "Its postings are there, and the account was left out.", *about)
        elif found is None:
            yield Finding("account_unknown", "It is stated, and has no postings.", *about)
        elif stated.closing != found.closing:
            words = f"It is stated to close with {stated.closing}; its postings come to {found.closing}."
            yield Finding("account_closing", words, *about)
        elif stated != found:
            yield Finding("totals", "Its opening, credits or debits are not those of its postings.", *about)


def _receipts(statement: Statement, receipts: list[Checked]) -> Iterator[Finding]:
    leaves = [one.leaf for one in receipts if one.leaf]
    tree = receipts_tree(leaves)
    root = tree.root.hex() if tree is not None else ""
    if len(receipts) < statement.receipts:
        words = f"It counts {statement.receipts} receipts, and {len(receipts)} lie here: some were removed."
        yield Finding("receipt_missing", words, statement.epoch)
    elif len(receipts) > statement.receipts:
        words = f"It counts {statement.receipts} receipts, and {len(receipts)} lie here: some were left out."
        yield Finding("receipt_unknown", words, statement.epoch)
    elif root != statement.receipts_root:
        words = "The receipts that lie here are not those that were stated: they lead to another root."
        yield Finding("receipt_path", words, statement.epoch)


def _shown(account: str) -> str:
    """Clients are not named, not even here: what a program prints ends up elsewhere."""
    return f"{CLIENTS}…" if account.startswith(CLIENTS) else account if len(account) < 20 else _short(account)


def _short(account: str) -> str:
    kind, _, rest = account.partition(":")
    name, _, part = rest.partition(":")
    return f"{kind}:{short(name)}" + (f":{part}" if part else "")
