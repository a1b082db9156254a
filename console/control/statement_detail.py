"""One epoch's statement with everything that stands behind it: the result of the command `statement`."""

from __future__ import annotations

import msgspec

from console.control.statements import StatementView
from console.control.wire import Check
from console.ledger.findings import Finding
from console.protocol.ids import JobId
from console.protocol.statements import AccountLine, Statement

RECEIPTS_TOLD = 500


class StatedReceipt(msgspec.Struct, frozen=True):
    """A receipt of this node that the statement counts. Amounts in nano-credits."""

    job: JobId
    attempt: int
    reward: int
    penalty: int


class StatementDetail(msgspec.Struct, frozen=True):
    """What this node keeps of one epoch, and what it checked of it."""

    view: StatementView
    statement: Statement
    lines: tuple[AccountLine, ...]
    """This node's accounts in it."""
    receipts: tuple[StatedReceipt, ...]
    """The last booked first, RECEIPTS_TOLD at most."""
    checks: tuple[Check, ...]
    """Each named `statement: what`."""
    findings: tuple[Finding, ...]
