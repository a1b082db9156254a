"""Epochs and draws: seeds committed to beforehand, tickets fixed before their nonce exists."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from console.coordinator import jobs
from console.coordinator.jobs import Job
from console.coordinator.parts import Parts
from console.coordinator.rosters import Eligible, SlotRoster
from console.coordinator.sealing import SealError
from console.coordinator.store import TicketRow, Unit
from console.coordinator.tickets import proof_of, ticket_for
from console.coordinator.turns import Turns
from console.fairness import SEEDS_PER_EPOCH, EpochSeeds
from console.ledger import close_epoch, node_pending
from console.protocol.frames import ticket_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.transcript import (
    Closing,
    Commitment,
    SignedRoster,
    closing_bytes,
    commitment_bytes,
    roster_bytes,
    transcript_digest,
)
from console.protocol.types import DrawProof, Ticket


@dataclass(frozen=True, slots=True)
class Epoch:
    """An open epoch."""

    number: int
    seeds: EpochSeeds


@dataclass(frozen=True, slots=True)
class Fixed:
    """A ticket, and the job that stands at it."""

    job: Job
    ticket: Ticket
    row: TicketRow


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draw; one of `Draws.draw` is not yet on record: whoever takes it writes `row` and `job` together."""

    node: NodeId
    proof: DrawProof
    row: TicketRow
    job: Job


class WithheldError(Exception):
    """A client did not reveal its nonce in time, or the epoch ended first: the ticket stays vacant."""


class Draws:
    """The open epoch, and the draws in it."""

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
        self._seeds = seeds
        self._epoch: Epoch | None = None
        self._slot_on_record = -1
        """The last slot whose signed roster is known to be committed; the others are looked up."""
        self.turns = Turns()
        """Held while a ticket is fixed, and from a draw until its assignment is sent."""

    @property
    def are_open(self) -> bool:
        """Whether there is an epoch to draw in: not before the first, and not after the last."""
        return self._epoch is not None

    @property
    def epoch(self) -> Epoch:
        """The open one. Raises RuntimeError unless `are_open`."""
        if self._epoch is None:
            raise RuntimeError("no epoch is open yet")
        return self._epoch

    async def renew(self, full: int) -> None:
        """Open a new epoch in place of `full`, unless that has happened."""
        if self.epoch.number == full:
            await self.open_epoch()

    async def open_epoch(self) -> None:
        """Commit to new seeds and close what was open; then pending becomes available, node by node.

        Raises:
            StoreError: nothing changed; or the new epoch is open and told, and the payout of some nodes
                waits for the next one.
        """
        secret, nonce = self._parts.entropy(32), self._parts.entropy(12)
        seeds = await asyncio.to_thread(EpochSeeds, secret, self._seeds)
        async with self.turns.change():
            number = await self._parts.store.transact(lambda u: self._commit(u, secret, nonce, seeds.root))
            # What was open has its secret revealed by now: whatever fails below, no draw may use it.
            self._epoch = Epoch(number, seeds)
            try:
                await self._pay_out(number - 1)
            except Exception:  # and no `finally`: who is cancelled ends, and tells nobody
                await self._announce(self._epoch)
                raise
            await self._announce(self._epoch)
        await self._close_books(number - 1)

    async def close(self) -> None:
        """End the open epoch for good: its seeds are revealed, and nobody is drawn any more.

        Raises:
            StoreError: it is closed, paid out and stated at the next start instead.
        """
        async with self.turns.change():
            if self._epoch is None:
                return
            number = self._epoch.number
            await self._parts.store.transact(self._reveal)
            self._epoch = None
            await self._pay_out(number)
        await self._close_books(number)

    async def fix(self, was: Job, roster: Eligible, cause: str, commitment: str) -> Fixed:
        """Fix a ticket over `roster` for the next attempt of `was`. The caller holds `turns.draw()`.

        `commitment`: of the client to its nonce; empty: it has none.

        Raises:
            LookupError: the epoch's seeds are used up.
            StoreError: there is no ticket.
        """
        epoch = self.epoch.number

        def on_record(unit: Unit) -> Fixed:
            fixed = self._fix(unit, epoch, was, roster, cause, commitment)
            unit.add_ticket(fixed.row)
            unit.save_job(fixed.job, was)
            return fixed

        fixed = await self._parts.store.transact(on_record)
        self._slot_on_record = roster.listed.slot
        return fixed

    async def fix_and_draw(
        self, was: Job, roster: Eligible, cause: str, nonce_of: Callable[[], str]
    ) -> Drawn:
        """Both at once, and on record with the attempt: nobody outside waits for a ticket whose nonce is this
        coordinator's own. `nonce_of` is called when the ticket is signed. The caller holds `turns.draw()`.

        Raises LookupError, StoreError: as `fix`.
        """
        epoch = self.epoch

        def both(unit: Unit) -> Drawn:
            fixed = self._fix(unit, epoch.number, was, roster, cause, "")
            drawn = self._drawn(epoch, fixed, roster, nonce_of())
            unit.add_ticket(drawn.row)
            unit.save_job(drawn.job, was)
            unit.add_attempt(drawn.job, drawn.job.changed_ms)
            return drawn

        drawn = await self._parts.store.transact(both)
        self._slot_on_record = roster.listed.slot
        return drawn

    def draw(self, fixed: Fixed, roster: Eligible, nonce: str) -> Drawn:
        """Draw one of `roster`, over which the ticket was fixed. The caller holds `turns.draw()`.

        Raises WithheldError: the ticket's epoch is over. Its draws are signed and its seeds revealed.
        """
        epoch = self._epoch
        if epoch is None or epoch.number != fixed.ticket.epoch:
            raise WithheldError
        return self._drawn(epoch, fixed, roster, nonce)

    def _drawn(self, epoch: Epoch, fixed: Fixed, roster: Eligible, nonce: str) -> Drawn:
        proof = proof_of(fixed.ticket, fixed.row.signature, nonce, epoch.seeds, roster)
        node = roster.listed.ids[proof.index]
        filled = msgspec.structs.replace(fixed.row, seed=proof.seed, nonce=nonce, pick=proof.index, node=node)
        return Drawn(node, proof, filled, jobs.assign(fixed.job, node, self._parts.clock.now_ms()))

    def _fix(self, unit: Unit, epoch: int, was: Job, roster: Eligible, cause: str, commitment: str) -> Fixed:
        now_ms, key = self._parts.clock.now_ms(), self._parts.key
        k, chain = unit.next_draw(epoch)
        if k >= self._seeds:
            raise LookupError(f"epoch {epoch} has no seed left")
        job, listed = jobs.ticket(was, now_ms), roster.listed
        ticket = ticket_for(job, k, epoch, roster, commitment)
        data = ticket_bytes(ticket)
        row = TicketRow(
            epoch=epoch,
            k=k,
            job=job.id,
            attempt=job.attempt,
            roster_root=ticket.roster_root,
            roster_size=ticket.roster_size,
            cause=cause,
            signature=key.sign(data),
            chain=hashlib.sha256(bytes.fromhex(chain) + data).hexdigest(),
            at_ms=roster.at_ms,
            slot=ticket.slot,
            chances=ticket.chances,
            excluded=roster.excluded,
            need=was.prompt_tokens + was.max_tokens,
            commitment=commitment,
        )
        if listed.slot != self._slot_on_record and not unit.slot_signed(listed.slot):
            unit.sign_slot(self._signed(listed, ticket.roster_root, now_ms), listed.ids)
        return Fixed(job, ticket, row)

    async def make_good(self) -> None:
        """Pay out and state the epoch that the last run closed and did not get to. Raises StoreError."""
        closed, books = await self._parts.store.transact(
            lambda unit: (unit.last_epoch() - len(unit.sealed_secrets()), unit.books())
        )
        if 0 < books <= closed:
            await self._pay_out(closed)
            await self._close_books(closed)

    def _signed(self, listed: SlotRoster, root: str, now_ms: int) -> SignedRoster:
        group = self._parts.served.group
        unsigned = SignedRoster(group, listed.slot, root, len(listed.ids), now_ms, "")
        return msgspec.structs.replace(unsigned, signature=self._parts.key.sign(roster_bytes(unsigned)))

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
