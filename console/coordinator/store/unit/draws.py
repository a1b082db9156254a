"""A unit of work on epochs, slots and tickets: what the transcript is made of."""

from __future__ import annotations

from typing import Protocol

import msgspec

from console.protocol.ids import NodeId
from console.protocol.transcript import Closing, Commitment, DrawRecord, SignedRoster
from console.protocol.types import Exclusion


class TicketRow(msgspec.Struct, frozen=True):
    """One draw of the transcript; seed, nonce, pick and node are empty in a ticket that was never drawn."""

    epoch: int
    k: int
    job: str
    attempt: int
    roster_root: str
    roster_size: int
    cause: str
    """Why there was this attempt: `request`, or the public reason that ended the last one."""
    signature: str
    chain: str
    """SHA-256 over the last ticket's chain and this ticket: nothing can be taken out or put in later."""
    at_ms: int
    seed: str = ""
    nonce: str = ""
    pick: int = -1
    node: str = ""
    slot: int = -1
    chances: int = 0
    excluded: tuple[Exclusion, ...] = ()
    need: int = 0
    """Tokens of context that the job needs."""
    commitment: str = ""
    """To the client's nonce."""


class DrawUnit(Protocol):
    """This part of an open transaction."""

    def last_epoch(self) -> int:
        """Number of the newest epoch, 0 for none."""
        ...

    def open_epoch(self, commitment: Commitment, sealed_secret: bytes) -> None:
        """Commit to an epoch's seeds."""
        ...

    def close_epoch(self, closing: Closing) -> None:
        """End an epoch and reveal its secret."""
        ...

    def epoch_opened(self, epoch: int) -> int:
        """When an epoch was opened, milliseconds; 0 for one that never was."""
        ...

    def sealed_secrets(self) -> list[tuple[int, bytes]]:
        """Epochs that are not closed, with their sealed secrets."""
        ...

    def commitment(self, epoch: int) -> Commitment | None:
        """What was committed to before that epoch."""
        ...

    def next_draw(self, epoch: int) -> tuple[int, str]:
        """The next k of the epoch, gapless, and the chain so far; both are taken."""
        ...

    def take_draw(self, epoch: int, k: int, chain: str) -> None:
        """Take what the caller knows to be next, without reading it.

        Raises OutOfTurnError when it is not, at once or with the unit; then the unit cannot stand.
        """
        ...

    def last_chain(self) -> str:
        """Of the newest ticket, empty for none."""
        ...

    def add_ticket(self, row: TicketRow) -> None:
        """Fix a draw before its nonce exists; its slot's roster is kept already."""
        ...

    def fill_ticket(self, row: TicketRow) -> None:
        """Add seed, nonce, pick and node."""
        ...

    def draws(self, epoch: int) -> list[DrawRecord]:
        """The epoch's draws as they are published, in their order."""
        ...

    def last_slot(self) -> int:
        """The newest slot with a signed roster, -1 for none."""
        ...

    def slot_signed(self, slot: int) -> bool:
        """Whether the slot's roster is signed and kept."""
        ...

    def sign_slot(self, roster: SignedRoster, ids: tuple[NodeId, ...]) -> None:
        """Keep the roster of a slot in which somebody is drawn."""
        ...

    def last_stamp(self) -> int:
        """The latest stamp of a draw, of an attempt's end or of an epoch, milliseconds; 0 for none."""
        ...
