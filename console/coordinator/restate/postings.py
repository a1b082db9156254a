"""Every epoch's accounts by the postings alone, under the names that are stated. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from console.coordinator.restate.ledger import Moved
from console.coordinator.sealing import Secrets
from console.ledger import OUTSIDE
from console.ledger.stated_accounts import ESCROW, stated_name
from console.protocol.statements import AccountLine, Sums


class Recounted(msgspec.Struct, frozen=True):
    """An epoch by its postings."""

    epoch: int
    lines: tuple[AccountLine, ...] = ()
    deposited: int = 0
    withdrawn: int = 0


def recounted(
    moved: Mapping[int, list[Moved]], stated: Sequence[int], secrets: Secrets
) -> Iterator[Recounted]:
    """Every epoch that has postings or a statement, from the beginning of the ledger."""
    held: dict[str, int] = {}
    names: dict[str, str] = {}
    for epoch in sorted({*moved, *stated}):
        sums = {account: Sums(amount, 0, 0, amount) for account, amount in held.items() if amount}
        for one in moved.get(epoch, []):
            sums[one.account] = _with(one, held.get(one.account, 0))
        held = {account: one.closing for account, one in sums.items()}
        outside = sums.pop(OUTSIDE, Sums())
        lines = (AccountLine(_public(a, secrets, names), one) for a, one in sums.items() if one != Sums())
        ordered = tuple(sorted(lines, key=lambda line: line.account))
        yield Recounted(epoch, ordered, outside.debits, outside.credits)


def _with(one: Moved, opening: int) -> Sums:
    closing = opening + one.credits - one.debits
    if one.account != ESCROW:
        return Sums(opening, one.credits, one.debits, closing)
    risen = closing - opening
    return Sums(opening, max(risen, 0), max(-risen, 0), closing)


def _public(account: str, secrets: Secrets, names: dict[str, str]) -> str:
    if account not in names:
        names[account] = stated_name(account, secrets.client_nonce)
    return names[account]
