"""An epoch's statement and what of it is the node's, asked for and proved."""

from __future__ import annotations

import msgspec

from console.protocol.statements import AccountInclusion, HistoryProof, ReceiptInclusion, Statement


class StatementRequest(msgspec.Struct, frozen=True, tag="statement_request"):
    """The node wants an epoch's statement, with the proofs of its own accounts and receipts."""

    epoch: int
    known: int = 0
    """The newest epoch whose statement the node holds: one with a gap before it is proved to follow."""
    start: int = 0
    """Of the node's receipts, from this one on: a page holds `RECEIPTS_PAGE`."""


class StatementAnswer(msgspec.Struct, frozen=True, tag="statement_answer"):
    """A statement and what of it is the node's, proved."""

    epoch: int
    statement: Statement | None
    """None: there is none (yet)."""
    accounts: tuple[AccountInclusion, ...] = ()
    receipts: tuple[ReceiptInclusion, ...] = ()
    receipts_total: int = 0
    """Receipts of this node in the statement, on all pages."""
    proved: bool = True
    """False: proofs of so old a statement are not kept any more."""
    follows: HistoryProof | None = None
    """That it follows upon the statement of `known`; None where that is the one just before."""


RECEIPTS_PAGE = 512
"""Receipts in one answer: with their paths some 700 kB at most."""
