"""An honest coordinator's statements for one node, made without a coordinator."""

from __future__ import annotations

from typing import Any

import msgspec

from console.agent.journal.kept_statements import KeptStatement
from console.agent.statements.examine import Known, Told, examine
from console.ledger.history import GrowingHistory
from console.ledger.stated_accounts import accounts_of_node
from console.ledger.statements import Closing, accounts_tree, receipts_tree, unsigned_statement
from console.protocol.frames import receipt_bytes
from console.protocol.ids import EvidenceId, JobId, NanoCredits, NodeId
from console.protocol.keys import SigningKey
from console.protocol.statements import (
    AccountLine,
    ReceiptInclusion,
    Statement,
    Sums,
    receipt_leaf,
    statement_bytes,
    statement_digest,
)
from console.protocol.types import Balances, Receipt, Transaction

KEY, OTHER = SigningKey(b"c" * 32), SigningKey(b"x" * 32)
NODE = NodeId("aa" * 32)
PENDING, AVAILABLE, BOND = accounts_of_node(NODE)
NOW = 1_763_820_000_000
EPOCH_MS = 600_000
replace = msgspec.structs.replace


def job(n: int) -> JobId:
    return JobId(f"{n:032x}")


def receipt(n: int, reward: int = 50_000, penalty: int = 0, at_ms: int = NOW + 5) -> Receipt:
    booked = Transaction(f"pay:{job(n)}", at_ms, ())
    amounts = (NanoCredits(reward), NanoCredits(penalty))
    outcome = "rejected" if penalty else "accepted"
    told = Receipt(job(n), 1, NODE, outcome, 36, 64, *amounts, EvidenceId(f"e{n}"), booked, Balances(), "")  # type: ignore[arg-type]
    return replace(told, signature=KEY.sign(receipt_bytes(told)))


def leaf(one: Receipt) -> str:
    return receipt_leaf(receipt_bytes(one), one.signature)


def line(account: str, opening: int = 0, credits: int = 0, debits: int = 0) -> AccountLine:
    return AccountLine(account, Sums(opening, credits, debits, opening + credits - debits))


def world(
    receipts: tuple[Receipt, ...],
    earlier: tuple[Statement, ...] = (),
    ours: tuple[AccountLine, ...] | None = None,
    **changes: Any,
) -> Told:
    """What an honest coordinator tells of the next epoch, signed; `changes` to the statement, signed too."""
    earned = sum(one.reward for one in receipts)
    if ours is None:
        ours = (line(AVAILABLE, 0, earned), line(BOND), line(PENDING, 0, earned, earned))
    last = earlier[-1] if earlier else None
    opening = (last.sums.closing if last else 0) - sum(one.sums.opening for one in ours)
    paid = sum(one.sums.credits - one.sums.debits for one in ours)
    lines = [line("client:x", opening, 10**9, paid), *(one for one in ours if one.sums != Sums())]
    lines.sort(key=lambda one: one.account)
    leaves = [leaf(one) for one in receipts] + ["77" * 32]
    closing = Closing(
        last.epoch + 1 if last else 1,
        KEY.node_id,
        last.closed_ms if last else NOW,
        (last.closed_ms if last else NOW) + EPOCH_MS,
        tuple(lines),
        tuple(leaves),
        10**9,
        0,
    )
    history = GrowingHistory().grown(statement_digest(one) for one in earlier)
    statement = replace(unsigned_statement(closing, history), **changes)
    statement = replace(statement, signature=KEY.sign(statement_bytes(statement)))
    accounts, tree = accounts_tree(lines), receipts_tree(leaves)
    assert accounts is not None and tree is not None
    return Told(
        statement,
        tuple(accounts.inclusion(i) for i, one in enumerate(lines) if one.account.startswith("node:")),
        tuple(
            ReceiptInclusion(one.job, 1, leaf(one), i, tuple(p.hex() for p in tree.path(i)))
            for i, one in enumerate(receipts)
        ),
        len(receipts),
    )


OURS = (receipt(1), receipt(2))


def known(last: KeptStatement | None = None, receipts: tuple[Receipt, ...] = OURS, epoch: int = 2) -> Known:
    return Known(NODE, KEY.node_id, epoch, last, {(one.job, 1): leaf(one) for one in receipts})


FIRST = world(OURS)
KEPT, STATED = examine(FIRST, known())
SECOND = world(
    (receipt(3),), (FIRST.statement,), (line(AVAILABLE, 100_000, 50_000), line(PENDING, 0, 50_000, 50_000))
)
