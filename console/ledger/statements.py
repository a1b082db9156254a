"""Statements made from an epoch's books, and checked by who trusts nobody: findings, never exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from console.fairness.merkle import MerkleTree, root_from_path
from console.ledger.findings import Finding
from console.ledger.history import GrowingHistory, continues
from console.ledger.sum_tree import LIMIT, SumTree, adds_up, root_of, within_bounds
from console.ledger.transactions import LedgerError
from console.protocol.ids import NodeId
from console.protocol.statements import (
    AccountInclusion,
    AccountLine,
    HistoryProof,
    ReceiptInclusion,
    Statement,
    Sums,
    statement_bytes,
    statement_digest,
)

_COUNTS = (
    "epoch", "opened_ms", "closed_ms", "before", "accounts", "deposited", "withdrawn", "receipts",
)  # fmt: skip


class Closing(msgspec.Struct, frozen=True):
    """What a statement is made from."""

    epoch: int
    coordinator: NodeId
    opened_ms: int
    closed_ms: int
    lines: tuple[AccountLine, ...]
    """Accounts that hold something or have moved, in the order of their names."""
    receipts: tuple[str, ...]
    """Leaves of the epoch's receipts, by node, job and attempt."""
    deposited: int
    withdrawn: int


def accounts_tree(lines: Sequence[AccountLine]) -> SumTree | None:
    """None for no account at all. Raises LedgerError as `SumTree` does."""
    return SumTree(lines) if lines else None


def receipts_tree(leaves: Sequence[str]) -> MerkleTree | None:
    """None for no receipt. Raises ValueError for a leaf that is no hex."""
    return MerkleTree([bytes.fromhex(leaf) for leaf in leaves]) if leaves else None


def unsigned_statement(closing: Closing, earlier: GrowingHistory) -> Statement:
    """The statement that closes the books. `earlier`: all statements before it.

    Raises:
        LedgerError: accounts that cannot be stated, or money that came from nowhere.
    """
    tree, receipts = accounts_tree(closing.lines), receipts_tree(closing.receipts)
    sums = tree.root.sums if tree is not None else Sums()
    if sums.credits - sums.debits != closing.deposited - closing.withdrawn:
        raise LedgerError(f"epoch {closing.epoch}: money came from nowhere, or is gone")
    return Statement(
        epoch=closing.epoch,
        coordinator=closing.coordinator,
        opened_ms=closing.opened_ms,
        closed_ms=closing.closed_ms,
        before=earlier.size,
        history=earlier.root,
        last=earlier.last,
        accounts=len(closing.lines),
        accounts_root=tree.root.hash if tree is not None else "",
        sums=sums,
        deposited=closing.deposited,
        withdrawn=closing.withdrawn,
        receipts=len(closing.receipts),
        receipts_root=receipts.root.hex() if receipts is not None else "",
    )


def statement_findings(statement: Statement, coordinator: str) -> tuple[Finding, ...]:
    """What is wrong with a statement by itself. `coordinator`: whose signature it must bear."""
    return tuple(_of(statement, coordinator))


def chain_findings(statement: Statement, last: Statement | None) -> tuple[Finding, ...]:
    """Whether `statement` follows upon `last`; None: it must be the very first."""
    return tuple(_chain(statement, last))


def history_findings(statement: Statement, known: Statement, proof: HistoryProof) -> tuple[Finding, ...]:
    """Whether `statement` comes after `known`, with others in between that nobody here has seen."""
    digest, size = bytes.fromhex(statement_digest(known)), statement.before
    try:
        root = root_from_path(digest, known.before, size, [bytes.fromhex(node) for node in proof.inclusion])
        good = root is not None and root.hex() == statement.history
        good = good and continues(known.history, known.before, statement.history, size, proof.consistency)
    except ValueError:
        good = False
    if good and statement.epoch > known.epoch:
        return ()
    words = f"It does not continue the statements that were known up to epoch {known.epoch}."
    return (Finding("history", words, statement.epoch),)


def account_findings(statement: Statement, inclusion: AccountInclusion) -> tuple[Finding, ...]:
    """Whether an account stands in `statement` as `inclusion` says."""
    return tuple(_account(statement, inclusion))


def receipt_findings(statement: Statement, inclusion: ReceiptInclusion) -> tuple[Finding, ...]:
    """Whether a receipt stands in `statement` as `inclusion` says."""
    try:
        path = [bytes.fromhex(node) for node in inclusion.path]
        root = root_from_path(bytes.fromhex(inclusion.leaf), inclusion.index, statement.receipts, path)
    except ValueError:
        root = None
    if root is not None and root.hex() == statement.receipts_root:
        return ()
    words = "The proof does not lead from the receipt to the statement's root."
    return (Finding("receipt_path", words, statement.epoch, inclusion.job),)


def same_findings(one: Statement, other: Statement) -> tuple[Finding, ...]:
    """Whether two statements of one epoch are one and the same."""
    if one.epoch != other.epoch or statement_digest(one) == statement_digest(other):
        return ()
    words = (
        "The coordinator signed two different statements for this epoch: not all nodes were told the same."
    )
    return (Finding("two_statements", words, one.epoch),)


def _of(statement: Statement, coordinator: str) -> Iterator[Finding]:
    # Signatures bring 8 MB of cryptography along: who only reckons with money has no use for them.
    from console.protocol.keys import verify

    epoch = statement.epoch
    signed = verify(coordinator, statement_bytes(statement), statement.signature)
    if statement.coordinator != coordinator or not signed:
        yield Finding("signature", "It is not signed by the coordinator's key.", epoch)
    counted = all(0 <= getattr(statement, name) < LIMIT for name in _COUNTS)
    if not counted or not within_bounds(statement.sums):
        yield Finding("out_of_bounds", "A sum or count is below zero or beyond 64 bits.", epoch)
    if not adds_up(statement.sums):
        yield Finding("arithmetic", "Closing is not opening plus credits less debits.", epoch)
    if statement.sums.credits - statement.sums.debits != statement.deposited - statement.withdrawn:
        yield Finding("unbalanced", "Money came from nowhere, or is gone: credits and debits differ.", epoch)
    if statement.closed_ms < statement.opened_ms:
        yield Finding("times", "It closes before it opens.", epoch)
    empty = not statement.accounts_root and statement.sums == Sums()
    if (statement.accounts == 0) != empty or (statement.receipts == 0) != (not statement.receipts_root):
        yield Finding("totals", "Its counts and its roots do not fit together.", epoch)


def _chain(statement: Statement, last: Statement | None) -> Iterator[Finding]:
    epoch = statement.epoch
    if last is None:
        if statement.last or statement.history or statement.before:
            yield Finding("chain", "The first statement names one before it.", epoch)
        if statement.sums.opening:
            yield Finding("opening", "The first statement opens with money that nobody brought.", epoch)
        return
    if statement.last != statement_digest(last) or epoch != last.epoch + 1:
        yield Finding(
            "chain", f"It does not name the statement of epoch {last.epoch} as the last one.", epoch
        )
    if statement.before != last.before + 1:
        yield Finding("history", "It counts the statements before it wrongly.", epoch)
    if statement.sums.opening != last.sums.closing:
        yield Finding("opening", "It opens with another sum than the last one closed with.", epoch)
    if statement.opened_ms != last.closed_ms:
        yield Finding("times", "It opens at another time than the last one closed.", epoch)


def _account(statement: Statement, inclusion: AccountInclusion) -> Iterator[Finding]:
    line, epoch = inclusion.line, statement.epoch
    sums = (line.sums, *(node.sums for node in inclusion.path))
    if not all(within_bounds(one) for one in sums):
        words = "A sum on the way to the root is below zero or beyond 64 bits."
        yield Finding("out_of_bounds", words, epoch, line.account)
        return
    if not adds_up(line.sums):
        words = "Closing is not opening plus credits less debits."
        yield Finding("arithmetic", words, epoch, line.account)
    root = root_of(inclusion, statement.accounts)
    if root is None or root.hash != statement.accounts_root:
        words = "The proof does not lead from the account to the statement's root."
        yield Finding("account_path", words, epoch, line.account)
    elif root.sums != statement.sums:
        words = "The accounts together come to other sums than the statement says."
        yield Finding("totals", words, epoch, line.account)
