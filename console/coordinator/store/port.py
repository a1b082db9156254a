"""The port `Store`: units of work, each of which happens wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

import msgspec

from console.coordinator.jobs import Job
from console.protocol.ids import JobId, NodeId
from console.protocol.transcript import Closing, Commitment, DrawRecord, SignedRoster
from console.protocol.types import Balances, Exclusion, Receipt, Transaction, Verdict

T = TypeVar("T")


class StoreError(Exception):
    """The database cannot do it; the text says why and what to do. Nothing of the unit happened."""


class OutcomeUnknownError(StoreError):
    """The exception: at the end the database is gone, and whether the unit stands is not known."""


class ConflictError(Exception):
    """Somebody was first: the job is not in the state expected, or the transaction is booked already.

    Or what the unit wrote rests on something that is not there.

    A unit that meets one cannot stand, even if it catches it.
    """


class OverdrawnError(Exception):
    """An account would fall below zero. A unit that meets one cannot stand, even if it catches it."""


class NodeRow(msgspec.Struct, frozen=True):
    """What is remembered of a node between its sessions."""

    id: str
    name: str
    software: str
    machine: str
    first_seen_ms: int
    last_seen_ms: int
    probation_from_ms: int = 0
    """Answers accepted before this do not shorten the probation."""
    suspended_until_ms: int = 0
    suspended_rule: str = ""
    suspended_evidence: str = ""


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


class OutboxRow(msgspec.Struct, frozen=True):
    """A message that its node must get, now or after a reconnect."""

    id: int
    node: str
    body: bytes
    """A `Verdict` or `Receipt`, JSON."""


Confirmation = Literal["", "confirmed", "disagreed", "unavailable"]
"""What a second verifier made of a mismatch that the first one found; empty: it was not asked."""


class AuditRow(msgspec.Struct, frozen=True):
    """What judging one answer took, beside what making it took."""

    verdict: str
    rate_ppm: int
    """The rate at which the answer was drawn for an audit, or not."""
    rows: int
    """Positions that verifiers computed, both of them together."""
    score_ms: int
    """How long the verifiers took, as they say."""
    generated_rows: int
    """Positions that the node had to compute: prompt and answer."""
    generation_ms: int
    """How long the node took, as it says."""
    confirmation: Confirmation = ""


class IdempotencyRow(msgspec.Struct, frozen=True):
    """A client's key that makes its request safe to repeat, and the job that it stands for."""

    client: str
    key: str
    """Keyed hash of what the client sent, see `Secrets.fingerprint`."""
    body: str
    """Keyed hash of the request's body."""
    job: JobId


class Movement(msgspec.Struct, frozen=True):
    """An account, and what came and went since the open books began. Nano-credits."""

    account: str
    amount: int
    credits: int
    debits: int


class ReceiptRow(msgspec.Struct, frozen=True):
    """A receipt, as a statement counts it."""

    node: str
    job: str
    attempt: int
    leaf: str


class StatementRow(msgspec.Struct, frozen=True):
    """A statement that was made."""

    epoch: int
    digest: str
    body: bytes
    """A `Statement`, JSON."""
    lines: bytes
    """Its accounts, a tuple of `AccountLine` in msgpack; empty when they are not kept any more."""


class Unit(Protocol):
    """One open transaction of the database."""

    def job(self, job: JobId) -> Job | None:
        """The job as it stands."""
        ...

    def open_jobs(self) -> list[Job]:
        """Jobs that are not final."""
        ...

    def save_job(self, job: Job, was: Job | None) -> None:
        """Insert (`was` None), or replace while state and fence are those of `was`. Raises ConflictError."""
        ...

    def book(self, transaction: Transaction) -> None:
        """Add to the ledger. Raises ConflictError (booked already), OverdrawnError, LedgerError."""
        ...

    def booked(self, transaction_id: str) -> bool:
        """Whether a transaction of that id stands."""
        ...

    def balance(self, account: str) -> int:
        """Nano-credits."""
        ...

    def balances(self, node: str) -> Balances:
        """A node's three accounts."""
        ...

    def nodes_with_pending(self) -> list[str]:
        """Nodes that an epoch's close has to pay."""
        ...

    def last_epoch(self) -> int:
        """Number of the newest epoch, 0 for none."""
        ...

    def open_epoch(self, commitment: Commitment, sealed_secret: bytes) -> None:
        """Commit to an epoch's seeds."""
        ...

    def close_epoch(self, closing: Closing) -> None:
        """End an epoch and reveal its secret."""
        ...

    def commitment(self, epoch: int) -> Commitment | None:
        """What was committed to before that epoch."""
        ...

    def last_chain(self) -> str:
        """Of the newest ticket, empty for none."""
        ...

    def draws(self, epoch: int) -> list[DrawRecord]:
        """The epoch's draws as they are published, in their order."""
        ...

    def last_stamp(self) -> int:
        """The latest stamp of a draw, of an attempt's end or of an epoch, milliseconds; 0 for none."""
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

    def sealed_secrets(self) -> list[tuple[int, bytes]]:
        """Epochs that are not closed, with their sealed secrets."""
        ...

    def next_draw(self, epoch: int) -> tuple[int, str]:
        """The next k of the epoch, gapless, and the chain so far."""
        ...

    def add_ticket(self, row: TicketRow) -> None:
        """Fix a draw before its nonce exists; its slot's roster is kept already."""
        ...

    def fill_ticket(self, row: TicketRow) -> None:
        """Add seed, nonce, pick and node."""
        ...

    def add_attempt(self, job: Job, at_ms: int) -> None:
        """A node was given the job."""
        ...

    def end_attempt(self, job: Job, code: str, fault: str, at_ms: int) -> None:
        """How the current attempt ended; what ended already stays as it is."""
        ...

    def add_verdict(self, verdict: Verdict) -> None:
        """Raises ConflictError when that attempt was judged already."""
        ...

    def judged(self, job: str, attempt: int, node: str) -> bool:
        """Whether that attempt has its verdict."""
        ...

    def verdicts(self, node: str, outcome: str, since_ms: int, limit: int) -> int:
        """How many of a node's verdicts had that outcome since then, counted up to `limit`."""
        ...

    def add_evidence(self, verdict: Verdict, sealed: bytes, until_ms: int) -> None:
        """Keep what a verdict rests on, sealed."""
        ...

    def trim_evidence(self, rows: int, size_bytes: int) -> int:
        """Delete the oldest evidence of *accepted* answers beyond so many, or so many bytes; how many."""
        ...

    def add_audit(self, row: AuditRow) -> None:
        """Keep what judging an answer took."""
        ...

    def totals(self, node: str) -> bytes:
        """The node's running totals as they were saved, empty when there are none."""
        ...

    def save_totals(self, node: str, body: bytes, at_ms: int) -> None:
        """Insert or replace a node's running totals."""
        ...

    def forget_evidence(self, before_ms: int) -> int:
        """Delete what the dispute window has closed over; how many."""
        ...

    def add_receipt(self, receipt: Receipt, leaf: str) -> None:
        """Keep a receipt, and its leaf in the statement of the epoch whose books are open."""
        ...

    def node(self, node: str) -> NodeRow | None:
        """What is known of a node."""
        ...

    def save_node(self, row: NodeRow) -> None:
        """Insert or replace."""
        ...

    def post(self, node: str, body: bytes, at_ms: int) -> None:
        """Put a message for `node` in the outbox."""
        ...

    def outbox(self, node: str, after: int) -> list[OutboxRow]:
        """What is to be delivered to `node`, oldest first."""
        ...

    def delivered(self, ids: tuple[int, ...]) -> None:
        """Take messages out of the outbox."""
        ...

    def client_of(self, key_sha256: str) -> str | None:
        """The client that an API key belongs to."""
        ...

    def forget_keys(self) -> None:
        """Know no client by a key any more."""
        ...

    def save_key(self, key_sha256: str, client: str) -> None:
        """Know a client by the hash of its key."""
        ...

    def idempotency(self, client: str, key: str) -> IdempotencyRow | None:
        """What that key of the client's stands for."""
        ...

    def save_idempotency(self, row: IdempotencyRow) -> None:
        """Insert or replace."""
        ...

    def spend(self, client: str, key: str, day: int, amount: int) -> None:
        """Count nano-credits as spent on a day, in days since 1970 UTC; below zero: given back.

        Raises OverdrawnError: more would be given back than was spent.
        """
        ...

    def spent(self, client: str, key: str | None, since_day: int) -> int:
        """Nano-credits spent since that day, that day included, with `key`; None: with all keys together."""
        ...

    def books(self) -> int:
        """The epoch whose books are open: what is booked, and each receipt, is counted in its statement."""
        ...

    def movements(self) -> list[Movement]:
        """Every account but the escrows, in the order of their names."""
        ...

    def held(self) -> int:
        """What all escrows hold together."""
        ...

    def receipt_rows(self, epoch: int) -> list[ReceiptRow]:
        """An epoch's receipts, by node, job and attempt."""
        ...

    def epoch_opened(self, epoch: int) -> int:
        """When an epoch was opened, milliseconds; 0 for one that never was."""
        ...

    def add_statement(self, row: StatementRow) -> None:
        """Close the books: keep the statement, and open those of the next epoch. Raises ConflictError."""
        ...

    def statement(self, epoch: int) -> StatementRow | None:
        """An epoch's statement."""
        ...

    def statement_digests(self, before: int) -> list[str]:
        """Digests of all statements of earlier epochs than `before`, oldest first."""
        ...

    def forget_lines(self, before: int) -> None:
        """Keep of earlier epochs than `before` the statements, and not the accounts behind them."""
        ...


class Store(Protocol):
    """A database of the coordinator."""

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in one transaction and return its result once that is on disk.

        `work` runs on the store's thread, alone; what it raises undoes it and is raised here. A conflict
        or an overdraft is raised in `work` by the statement that meets it, or here once `work` has
        returned. A caller that is cancelled while it waits does not undo it. A commit that a server did
        not answer waits here until the server is back and says whether it stands.

        Raises:
            StoreError: the database failed (full disk, I/O error, a server that is away).
        """
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the file."""
        ...
