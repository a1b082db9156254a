"""Fixed statements for the recordings: eight epochs of one node, whole and disputed, and what is behind."""

from __future__ import annotations

from typing import Any

import msgspec
from recordings.history import NOW, digest

from console.control.statement_detail import StatedReceipt, StatementDetail
from console.control.statements import StatementsView, StatementView
from console.control.wire import Check
from console.ledger.findings import Finding
from console.protocol.ids import JobId, NodeId
from console.protocol.statements import AccountLine, Statement, Sums

replace = msgspec.structs.replace
EPOCH_MS = 600_000
LAST_CLOSED_MS = NOW - 31_000
"""When epoch 8 closed: Events tell that epoch 9 began then."""
DUE, PENALTY, BOND = 44_000, 640_000, 420_000
PAID = {8: 14, 7: 22, 6: 21, 5: 18, 4: 9, 3: 17, 2: 20, 1: 6}
"""Answers that each epoch paid; in epoch 7 one more was rejected."""


def stated(epoch: int, **more: Any) -> StatementView:
    """What epoch `epoch` came to."""
    paid, rejected = PAID[epoch], int(epoch == 7)
    later = sum(DUE * PAID[n] - (PENALTY - BOND) * (n == 7) for n in range(epoch + 1, 9))
    sums = {
        "receipts": paid + rejected, "claimed": DUE * (paid + rejected), "accepted": DUE * paid,
        "settled": DUE * paid, "penalised": PENALTY * rejected, "available": 8_204_000 - later,
        "bond": BOND if epoch >= 7 else 2 * BOND,
    }  # fmt: skip
    closed_ms = LAST_CLOSED_MS - EPOCH_MS * (8 - epoch)
    return StatementView(epoch, digest("statement", epoch), closed_ms, **(sums | more))


def _summed(statements: tuple[StatementView, ...], **more: Any) -> StatementsView:
    sums = {
        name: sum(getattr(one, name) for one in statements) for name in ("claimed", "accepted", "settled")
    }
    return StatementsView(statements=statements, **sums, **more)


STATED = _summed(tuple(stated(epoch) for epoch in range(8, 0, -1)), waiting=3)
LEFT_OUT = Finding(
    "receipt_missing", "This node holds the coordinator's receipt, and the statement does not count it.", 8,
    digest("job", 5, size=32),
)  # fmt: skip
SHORT_PAID = Finding("credits", "The receipts pay 924000, and the accounts were credited with 880000.", 6)
DISPUTED = _summed(
    (
        stated(8, findings=1), stated(7), stated(6, settled=DUE * 20, findings=1),
        *(stated(epoch) for epoch in range(5, 1, -1)),
        stated(1, settled=0, available=0, bond=0, proved=False),
    ),
    findings=(LEFT_OUT, SHORT_PAID),
)  # fmt: skip
SAID = {
    "signature": "Signed by the coordinator's key.",
    "sums": "The sums of all accounts add up, and no money came from nowhere.",
    "chain": "It names the statement of epoch {before} that this node holds as the one before it.",
    "accounts": "3 accounts of this node lead to the root of all, and open with what they closed with "
    "before.",
    "receipts": "{receipts} receipts counted as this node's are here, each by a path to the root of all.",
    "columns": "Verdicts, receipts and accounts come to the same amount.",
}
BROKEN = {"receipt_missing": "receipts", "credits": "columns"}


def detail_of(told: StatementsView, epoch: int, node: str) -> StatementDetail:
    """What the agent answers of an epoch."""
    view = next(one for one in told.statements if one.epoch == epoch)
    findings = tuple(one for one in told.findings if one.epoch == epoch)
    wrong = {BROKEN[one.name]: one.sentence for one in findings}
    given = {"before": epoch - 1, "receipts": view.receipts}
    checks = tuple(
        Check(f"statement: {name}", name not in wrong, wrong.get(name, words.format(**given)))
        for name, words in SAID.items()
    )
    return StatementDetail(view, _statement(view), _lines(view, node), _receipts(view), checks, findings)


def _lines(view: StatementView, node: str) -> tuple[AccountLine, ...]:
    taken = view.penalised and PENALTY - BOND
    kept = view.settled - taken
    return (
        _line(node, "available", Sums(view.available - kept, kept, 0, view.available)),
        _line(node, "bond", Sums(view.bond + view.penalised - taken, 0, view.penalised - taken, view.bond)),
        _line(node, "pending", Sums(0, view.settled, view.settled, 0)),
    )


def _line(node: str, name: str, sums: Sums) -> AccountLine:
    return AccountLine(f"node:{node}:{name}", sums)


def _receipts(view: StatementView) -> tuple[StatedReceipt, ...]:
    jobs = [JobId(digest("job", n, size=32)) for n in range(2, 2 + view.receipts)]
    bad = view.penalised > 0
    return tuple(
        StatedReceipt(job, 1, 0, PENALTY) if bad and n == 3 else StatedReceipt(job, 1, DUE, 0)
        for n, job in enumerate(jobs)
    )


def _statement(view: StatementView) -> Statement:
    epoch, whole = view.epoch, 61_000_000_000
    return Statement(
        epoch, NodeId(digest("coordinator")), view.closed_ms - EPOCH_MS, view.closed_ms, epoch - 1,
        digest("history", epoch), digest("statement", epoch - 1) if epoch > 1 else "", 14,
        digest("accounts", epoch), Sums(whole, 9_000_000, 9_000_000, whole), 0, 0, 61 + epoch,
        digest("receipts", epoch), digest("signed", epoch),
    )  # fmt: skip
