"""Books of a small network for the tests: statements that are right in every detail."""

from __future__ import annotations

from console.ledger.history import GrowingHistory
from console.ledger.statements import Closing, unsigned_statement
from console.protocol.keys import SigningKey
from console.protocol.statements import AccountLine, Statement, Sums, statement_bytes, statement_digest

KEY = SigningKey(b"c" * 32)


def line(account: str, opening: int = 0, credits: int = 0, debits: int = 0) -> AccountLine:
    """An account that adds up."""
    return AccountLine(account, Sums(opening, credits, debits, opening + credits - debits))


def signed(statement: Statement, key: SigningKey = KEY) -> Statement:
    """With the coordinator's signature."""
    import msgspec

    return msgspec.structs.replace(statement, signature=key.sign(statement_bytes(statement)))


def stated(
    lines: tuple[AccountLine, ...],
    earlier: tuple[Statement, ...] = (),
    receipts: tuple[str, ...] = (),
    deposited: int = 0,
) -> Statement:
    """The next statement, signed."""
    last = earlier[-1] if earlier else None
    closing = Closing(
        epoch=last.epoch + 1 if last else 1,
        coordinator=KEY.node_id,
        opened_ms=last.closed_ms if last else 1_000,
        closed_ms=(last.closed_ms if last else 1_000) + 600_000,
        lines=lines,
        receipts=receipts,
        deposited=deposited,
        withdrawn=0,
    )
    return signed(
        unsigned_statement(closing, GrowingHistory().grown(statement_digest(one) for one in earlier))
    )
