"""What can be proved of one statement: any account's place in it, and any receipt's."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import msgspec

from console.coordinator.beside import Reader
from console.coordinator.store.stated import StatedEpoch, read_stated
from console.ledger.history import history_proof
from console.ledger.statements import accounts_tree, receipts_tree
from console.protocol.ids import JobId
from console.protocol.messages import RECEIPTS_PAGE
from console.protocol.statements import (
    AccountInclusion,
    AccountLine,
    HistoryProof,
    ReceiptInclusion,
    Statement,
)

_IN_MEMORY = 4
"""Statements whose trees are held ready; 100,000 receipts and 30,000 accounts take some 60 MB."""


class Proofs:
    """The trees of one statement."""

    def __init__(self, stated: StatedEpoch) -> None:
        self.statement: Statement = msgspec.json.decode(stated.body, type=Statement)
        self.kept = bool(stated.lines) or self.statement.accounts == 0
        """Whether accounts can still be proved."""
        self._earlier = stated.earlier
        lines: tuple[AccountLine, ...] = ()
        if stated.lines:
            lines = msgspec.msgpack.decode(stated.lines, type=tuple[AccountLine, ...])
        self._accounts = accounts_tree(lines)
        self._place = {line.account: place for place, line in enumerate(lines)}
        self._receipts = receipts_tree([receipt.leaf for receipt in stated.receipts])
        self._rows = stated.receipts
        self._of_node: dict[str, list[int]] = {}
        for place, receipt in enumerate(stated.receipts):
            self._of_node.setdefault(receipt.node, []).append(place)

    def account(self, account: str) -> AccountInclusion | None:
        """None when the account is not in it, or is not kept any more."""
        place = self._place.get(account)
        return None if place is None or self._accounts is None else self._accounts.inclusion(place)

    def receipts(self, node: str, start: int) -> tuple[tuple[ReceiptInclusion, ...], int]:
        """A page of a node's receipts, and how many it has in all."""
        places = self._of_node.get(node, [])
        page = places[start : start + RECEIPTS_PAGE] if start >= 0 else []
        return tuple(self._receipt(place) for place in page), len(places)

    def follows(self, known: int) -> HistoryProof | None:
        """That it comes after the statement of epoch `known`; None where there is nothing to prove."""
        place = self.statement.before - (self.statement.epoch - known)
        if known <= 0 or not 0 <= place < self.statement.before - 1:
            return None
        return history_proof(self._earlier, place)

    def _receipt(self, place: int) -> ReceiptInclusion:
        assert self._receipts is not None
        row, path = self._rows[place], self._receipts.path(place)
        return ReceiptInclusion(
            JobId(row.job), row.attempt, row.leaf, place, tuple(node.hex() for node in path)
        )


class ProofShelf:
    """The proofs of a few statements, the last used ones."""

    def __init__(self, reader: Reader, held: int = _IN_MEMORY) -> None:
        """`held`: so many of them."""
        self._reader = reader
        self._held = held
        self._shelf: OrderedDict[int, Proofs] = OrderedDict()
        self._building = asyncio.Lock()

    async def of(self, epoch: int) -> Proofs | None:
        """None when there is no such statement. Raises StoreError."""
        async with self._building:  # of many who ask at once, the first one has the trees built
            if epoch not in self._shelf:
                found = await self._reader.read(lambda db: read_stated(db, epoch))
                if found is None:
                    return None
                self._shelf[epoch] = await asyncio.to_thread(Proofs, found)
            self._shelf.move_to_end(epoch)
            while len(self._shelf) > self._held:
                self._shelf.popitem(last=False)
            return self._shelf[epoch]
