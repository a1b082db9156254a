"""Epochs: seeds committed to beforehand and revealed at the end, when what is pending becomes available."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from console.coordinator.draws.turns import Turns
from console.coordinator.parts import Parts
from console.coordinator.sealing import SealError
from console.coordinator.store import Unit
from console.fairness import SEEDS_PER_EPOCH, EpochSeeds
from console.ledger import close_epoch, node_pending
from console.protocol.keys import verify
from console.protocol.transcript import (
    Closing,
    Commitment,
    closing_bytes,
    commitment_bytes,
    transcript_digest,
)


@dataclass(frozen=True, slots=True)
class Epoch:
    """An open epoch."""

    number: int
    seeds: EpochSeeds


class Epochs:
    """One is open at a time: from the start of a coordinator until it winds up."""

    def __init__(
        self,
        parts: Parts,
        announce: Callable[[Epoch], Awaitable[None]],
        close_books: Callable[[int], Awaitable[None]],
        seeds: int = SEEDS_PER_EPOCH,
    ) -> None:
        """`announce` is awaited before the first draw of an epoch: nodes must know its seeds by then.

        `close_books` is awaited with the number of an epoch that is over and paid out. `seeds`: draws that
        one epoch can hold; nodes expect the usual number.
        """
        self._parts = parts
        self._announce = announce
        self._close_books = close_books
        self.seeds = seeds
        self.now: Epoch | None = None
        """None: before the first, and after the last."""
        self._opening = asyncio.Lock()
        self.turns = Turns()
        """Held while a ticket is fixed, and from a draw until its assignment is sent."""

    @property
    def number(self) -> int:
        """Of the open one. Raises RuntimeError when there is none."""
        return self.opened.number

    @property
    def opened(self) -> Epoch:
        """The open one. Raises RuntimeError when there is none."""
        if self.now is None:
            raise RuntimeError("no epoch is open")
        return self.now

    async def renew(self, full: int) -> None:
        """Open a new epoch in place of `full`, unless that has happened, or is about to: whoever finds an
        epoch full is one of many, and its time may be over as well. Raises as `open_next`."""
        await self._open(lambda: self.number == full)

    async def open_next(self) -> None:
        """Commit to new seeds and close what was open; then pending becomes available, node by node.

        Raises:
            StoreError: nothing changed; or the new epoch is open and told, and the payout of some nodes
                waits for the next one.
        """
        await self._open(lambda: True)

    async def _open(self, due: Callable[[], bool]) -> None:
        """One at a time; `due` is asked when it is this one's turn."""
        async with self._opening:
            if not due():
                return
            number = await self._change()
        await self._close_books(number - 1)

    async def _change(self) -> int:
        """The new epoch's number."""
        secret, nonce = self._parts.entropy(32), self._parts.entropy(12)
        seeds = await asyncio.to_thread(EpochSeeds, secret, self.seeds)
        async with self.turns.change():
            number = await self._parts.store.transact(lambda u: self._commit(u, secret, nonce, seeds.root))
            # What was open has its secret revealed by now: whatever fails below, no draw may use it.
            self.now = Epoch(number, seeds)
            try:
                await self._pay_out(number - 1)
            except Exception:  # and no `finally`: who is cancelled ends, and tells nobody
                await self._announce(self.now)
                raise
            await self._announce(self.now)
        return number

    async def close(self) -> None:
        """End the open epoch for good: its seeds are revealed, and nobody is drawn any more.

        Raises:
            StoreError: it is closed, paid out and stated at the next start instead.
        """
        async with self.turns.change():
            if self.now is None:
                return
            number = self.now.number
            await self._parts.store.transact(self._reveal)
            self.now = None
            await self._pay_out(number)
        await self._close_books(number)

    async def make_good(self) -> None:
        """Pay out and state the epoch that the last run closed and did not get to. Raises StoreError."""
        closed, books = await self._parts.store.transact(
            lambda unit: (unit.last_epoch() - len(unit.sealed_secrets()), unit.books())
        )
        if 0 < books <= closed:
            await self._pay_out(closed)
            await self._close_books(closed)

    def _commit(self, unit: Unit, secret: bytes, nonce: bytes, root: str) -> int:
        """Close what was open; then commit to the next."""
        now_ms, secrets, sign = self._parts.clock.now_ms(), self._parts.secrets, self._parts.key.sign
        self._reveal(unit)
        number = unit.last_epoch() + 1
        last = unit.commitment(number - 1)
        if last is not None and not _is_signed(last, self._parts.key.node_id):
            raise SealError(f"epoch {number - 1} was committed to with another key than this coordinator's")
        unsigned = Commitment(number, root, unit.last_chain(), now_ms, self._parts.policy, "")
        commitment = msgspec.structs.replace(unsigned, signature=sign(commitment_bytes(unsigned)))
        unit.open_epoch(commitment, secrets.seal(f"epoch:{number}", secret, nonce))
        return number

    def _reveal(self, unit: Unit) -> None:
        """Close what is open, with its secret and all of its draws."""
        now_ms, sign = self._parts.clock.now_ms(), self._parts.key.sign
        for epoch, sealed in unit.sealed_secrets():
            opened = self._parts.secrets.unseal(f"epoch:{epoch}", sealed).hex()
            draws = unit.draws(epoch)
            closing = Closing(epoch, opened, len(draws), transcript_digest(draws), now_ms, "")
            unit.close_epoch(msgspec.structs.replace(closing, signature=sign(closing_bytes(closing))))

    async def _pay_out(self, epoch: int) -> None:
        store, now_ms = self._parts.store, self._parts.clock.now_ms()
        nodes = await store.transact(lambda unit: unit.nodes_with_pending())

        def release(node: str) -> Callable[[Unit], None]:
            return lambda unit: _release(epoch, node, now_ms, unit)

        await asyncio.gather(*(store.transact(release(node)) for node in nodes))


def _is_signed(commitment: Commitment, coordinator: str) -> bool:
    """Whether it is this coordinator's; those of before are not signed, and their seeds were sealed."""
    given = commitment.signature
    return not given or verify(coordinator, commitment_bytes(commitment), given)


def _release(epoch: int, node: str, now_ms: int, unit: Unit) -> None:
    amount = unit.balance(node_pending(node))
    if not amount:  # a penalty took it since the node was listed
        return
    transaction = close_epoch(epoch, node, amount, now_ms)
    if not unit.booked(transaction.id):
        unit.book(transaction)
