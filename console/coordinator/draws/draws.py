"""Draws: tickets fixed before their nonce exists, over the roster of a slot, from the open epoch's seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from console.coordinator.draws.epochs import Epoch, Epochs
from console.coordinator.draws.tickets import proof_of, ticket_for
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import Eligible, SlotRoster
from console.coordinator.store import OutOfTurnError, TicketRow, Unit
from console.protocol.frames import ticket_bytes
from console.protocol.ids import NodeId
from console.protocol.transcript import (
    SignedRoster,
    roster_bytes,
)
from console.protocol.types import DrawProof, Ticket

T = TypeVar("T")


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


class EpochFullError(Exception):
    """An epoch has no seed left."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch} has no seed left")
        self.epoch = epoch


class WithheldError(Exception):
    """A client did not reveal its nonce in time, or the epoch ended first: the ticket stays vacant."""


class Draws:
    """Makes them. Whoever calls holds a turn of `Epochs.turns`."""

    def __init__(self, parts: Parts, epochs: Epochs) -> None:
        self._parts = parts
        self._epochs = epochs
        self.turns = epochs.turns
        self._slot_on_record = -1
        """The last slot whose signed roster is known to be committed; the others are looked up."""
        self._last: tuple[int, int, str] | None = None
        """Epoch, number and chain of the last ticket, as far as no unit failed since; None: looked up."""

    async def fix(self, was: Job, roster: Eligible, cause: str, commitment: str) -> Fixed:
        """Fix a ticket over `roster` for the next attempt of `was`. The caller holds `turns.draw()`.

        `commitment`: of the client to its nonce; empty: it has none.

        Raises:
            EpochFullError: the epoch's seeds are used up.
            StoreError: there is no ticket.
        """
        epoch = self._epochs.number

        def on_record(unit: Unit) -> Fixed:
            fixed = self._fix(unit, epoch, was, roster, cause, commitment)
            unit.add_ticket(fixed.row)
            unit.save_job(fixed.job, was)
            return fixed

        fixed = await self._in_turn(on_record)
        self._slot_on_record = roster.listed.slot
        return fixed

    async def fix_and_draw(
        self, was: Job, roster: Eligible, cause: str, nonce_of: Callable[[], str]
    ) -> Drawn:
        """Both at once, and on record with the attempt: nobody outside waits for a ticket whose nonce is this
        coordinator's own. `nonce_of` is called when the ticket is signed. The caller holds `turns.draw()`.

        Raises EpochFullError, StoreError: as `fix`.
        """
        epoch = self._epochs.opened

        def both(unit: Unit) -> Drawn:
            fixed = self._fix(unit, epoch.number, was, roster, cause, "")
            drawn = self._drawn(epoch, fixed, roster, nonce_of())
            unit.add_ticket(drawn.row)
            unit.save_job(drawn.job, was)
            unit.add_attempt(drawn.job, drawn.job.changed_ms)
            return drawn

        drawn = await self._in_turn(both)
        self._slot_on_record = roster.listed.slot
        return drawn

    def draw(self, fixed: Fixed, roster: Eligible, nonce: str) -> Drawn:
        """Draw one of `roster`, over which the ticket was fixed. The caller holds `turns.draw()`.

        Raises WithheldError: the ticket's epoch is over. Its draws are signed and its seeds revealed.
        """
        epoch = self._epochs.now
        if epoch is None or epoch.number != fixed.ticket.epoch:
            raise WithheldError
        return self._drawn(epoch, fixed, roster, nonce)

    async def _in_turn(self, work: Callable[[Unit], T]) -> T:
        """Carry out a unit that makes a ticket; once more if the one before it came to nothing."""
        while True:
            try:
                return await self._parts.store.transact(work)
            except OutOfTurnError:
                self._last = None
            except BaseException:
                self._last = None
                raise

    def _next(self, unit: Unit, epoch: int) -> tuple[int, str]:
        """Number and chain of the next ticket. A unit follows upon the one before it without a look at the
        database, which refuses it if that one does not stand."""
        known = self._last  # once: this is the store's thread, and the loop may forget it meanwhile
        if known is None or known[0] != epoch:
            return unit.next_draw(epoch)
        _, last, chain = known
        unit.take_draw(epoch, last + 1, chain)
        return last + 1, chain

    def _drawn(self, epoch: Epoch, fixed: Fixed, roster: Eligible, nonce: str) -> Drawn:
        proof = proof_of(fixed.ticket, fixed.row.signature, nonce, epoch.seeds, roster)
        node = roster.listed.ids[proof.index]
        filled = msgspec.structs.replace(fixed.row, seed=proof.seed, nonce=nonce, pick=proof.index, node=node)
        return Drawn(node, proof, filled, jobs.assign(fixed.job, node, self._parts.clock.now_ms()))

    def _fix(self, unit: Unit, epoch: int, was: Job, roster: Eligible, cause: str, commitment: str) -> Fixed:
        now_ms, key = self._parts.clock.now_ms(), self._parts.key
        k, chain = self._next(unit, epoch)
        if k >= self._epochs.seeds:
            raise EpochFullError(epoch)
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
        self._last = epoch, k, row.chain
        return Fixed(job, ticket, row)

    def _signed(self, listed: SlotRoster, root: str, now_ms: int) -> SignedRoster:
        group = self._parts.served.group
        unsigned = SignedRoster(group, listed.slot, root, len(listed.ids), now_ms, "")
        return msgspec.structs.replace(unsigned, signature=self._parts.key.sign(roster_bytes(unsigned)))
