"""One open transaction as a `Unit`: its SQL, in the dialect of SQLite, for both adapters."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from console.coordinator.jobs import Job
from console.coordinator.store.database import Database
from console.coordinator.store.port import (
    AuditRow,
    ConflictError,
    IdempotencyRow,
    Movement,
    NodeRow,
    OutboxRow,
    OverdrawnError,
    ReceiptRow,
    StatementRow,
    TicketRow,
)
from console.coordinator.store.reading import read_commitment, read_draws
from console.ledger import OUTSIDE, check_transaction, node_available, node_bond, node_pending
from console.protocol.frames import receipt_bytes
from console.protocol.ids import JobId, NanoCredits, NodeId
from console.protocol.statements import receipt_leaf
from console.protocol.transcript import Closing, Commitment, DrawRecord, SignedRoster
from console.protocol.types import Balances, Receipt, Transaction, Verdict

S = TypeVar("S", bound=msgspec.Struct)
_LAST_CHAIN = "SELECT chain FROM tickets ORDER BY epoch DESC, k DESC LIMIT 1"
_ADD = """INSERT INTO balances (account, amount, credits, debits) VALUES (?, ?, ?, ?)
  ON CONFLICT (account) DO UPDATE SET amount = balances.amount + excluded.amount,
  credits = balances.credits + excluded.credits, debits = balances.debits + excluded.debits"""
_TAKE = "UPDATE balances SET amount = amount - ?, debits = debits + ? WHERE account = ? AND amount >= ?"


class SqlUnit:
    """Statements of one unit; the store's thread owns it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # Jobs

    def job(self, job: JobId) -> Job | None:
        """The job as it stands."""
        return self._one(Job, "SELECT {} FROM jobs WHERE id = ?", job)

    def open_jobs(self) -> list[Job]:
        """Jobs that are not final."""
        return self._all(
            Job, "SELECT {} FROM jobs WHERE state NOT IN ('SETTLED', 'PENALISED', 'CANCELLED', 'FAILED')"
        )

    def save_job(self, job: Job, was: Job | None) -> None:
        """Compare and set on state and fence."""
        if was is None:
            self._insert("INSERT INTO jobs", job)
            return
        columns = ", ".join(f'"{name}" = ?' for name in job.__struct_fields__)
        self._db.must(
            f"UPDATE jobs SET {columns} WHERE id = ? AND state = ? AND fence = ?",
            (*_values(job), was.id, was.state, was.fence),
            ConflictError(f"job {job.id} is no longer {was.state} under fence {was.fence}"),
        )

    def add_attempt(self, job: Job, at_ms: int) -> None:
        """A node was given the job."""
        self._db.execute(
            "INSERT INTO attempts (job, attempt, fence, node, started_ms) VALUES (?, ?, ?, ?, ?)",
            (job.id, job.attempt, job.fence, job.node, at_ms),
        )

    def end_attempt(self, job: Job, code: str, fault: str, at_ms: int) -> None:
        """How the current attempt ended."""
        self._db.execute(
            "UPDATE attempts SET ended_ms = ?, code = ?, fault = ? WHERE job = ? AND attempt = ? "
            "AND ended_ms = 0",
            (at_ms, code, fault, job.id, job.attempt),
        )

    # Money

    def book(self, transaction: Transaction) -> None:
        """Postings and balances together."""
        check_transaction(transaction)
        self._db.must(
            "INSERT INTO transactions VALUES (?, ?, (SELECT epoch FROM books)) ON CONFLICT DO NOTHING",
            (transaction.id, transaction.at_ms),
            ConflictError(f"{transaction.id} is booked already"),
        )
        for posting in transaction.postings:
            account, amount = posting.account, posting.amount
            self._db.execute("INSERT INTO postings VALUES (?, ?, ?)", (transaction.id, account, amount))
            self._move(account, amount, transaction.id)
            if account.startswith("escrow:"):
                self._db.execute("DELETE FROM balances WHERE account = ? AND amount = 0", (account,))

    def booked(self, transaction_id: str) -> bool:
        """Whether a transaction of that id stands."""
        return self._value("SELECT count(*) FROM transactions WHERE id = ?", transaction_id) > 0

    def balance(self, account: str) -> int:
        """Nano-credits."""
        return self._value("SELECT sum(amount) FROM balances WHERE account = ?", account)

    def balances(self, node: str) -> Balances:
        """A node's three accounts."""
        accounts = (node_pending(node), node_available(node), node_bond(node))
        query = "SELECT account, amount FROM balances WHERE account IN (?, ?, ?)"
        amounts = dict(self._db.execute(query, accounts).fetchall())
        return Balances(*(NanoCredits(amounts.get(account, 0)) for account in accounts))

    def nodes_with_pending(self) -> list[str]:
        """Nodes that an epoch's close has to pay."""
        where = "account LIKE 'node:%:pending' AND amount > 0"
        rows = self._db.execute(f"SELECT account FROM balances WHERE {where}")
        return [account.split(":")[1] for (account,) in rows]

    # Epochs and draws

    def last_epoch(self) -> int:
        """Number of the newest epoch."""
        return self._value("SELECT max(epoch) FROM epochs")

    def open_epoch(self, commitment: Commitment, sealed_secret: bytes) -> None:
        """Commit to an epoch's seeds."""
        given = commitment
        self._db.execute(
            "INSERT INTO epochs (epoch, root, sealed_secret, opened_ms, chain, policy, signature) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(given.epoch, given.seeds_root, sealed_secret, given.at_ms, given.chain),
                *(msgspec.json.encode(given.policy).decode(), given.signature),
            ),
        )

    def close_epoch(self, closing: Closing) -> None:
        """End an epoch and reveal its secret."""
        self._db.execute(
            "UPDATE epochs SET secret = ?, closed_ms = ?, draws = ?, transcript = ?, closing_signature = ? "
            "WHERE epoch = ?",
            (
                closing.secret,
                closing.at_ms,
                closing.draws,
                closing.transcript,
                closing.signature,
                closing.epoch,
            ),
        )

    def sealed_secrets(self) -> list[tuple[int, bytes]]:
        """Epochs that are not closed."""
        return self._db.execute("SELECT epoch, sealed_secret FROM epochs WHERE closed_ms = 0").fetchall()

    def next_draw(self, epoch: int) -> tuple[int, str]:
        """Takes the next k."""
        query = f"SELECT next_k, ({_LAST_CHAIN}) FROM epochs WHERE epoch = ?"
        k, chain = self._db.execute(query, (epoch,)).fetchone()
        self._db.execute("UPDATE epochs SET next_k = ? WHERE epoch = ?", (k + 1, epoch))
        return int(k), chain or ""

    def commitment(self, epoch: int) -> Commitment | None:
        """What was committed to."""
        return read_commitment(self._db, epoch)

    def last_chain(self) -> str:
        """Of the newest ticket."""
        last = self._db.execute(_LAST_CHAIN).fetchone()
        return str(last[0]) if last else ""

    def draws(self, epoch: int) -> list[DrawRecord]:
        """In their order."""
        return read_draws(self._db, epoch)

    def last_stamp(self) -> int:
        """The latest of all."""
        stamps = (
            ("tickets", "at_ms"),
            ("attempts", "ended_ms"),
            ("epochs", "opened_ms"),
            ("epochs", "closed_ms"),
        )
        return max(self._value(f"SELECT max({column}) FROM {table}") for table, column in stamps)

    def last_slot(self) -> int:
        """The newest slot."""
        return self._value("SELECT coalesce(max(slot), -1) FROM slots")

    def slot_signed(self, slot: int) -> bool:
        """Whether it is kept."""
        return self._value("SELECT count(*) FROM slots WHERE slot = ?", slot) > 0

    def sign_slot(self, roster: SignedRoster, ids: tuple[NodeId, ...]) -> None:
        """The slot's roster, and its members where that root is new."""
        known = self._db.execute("INSERT OR IGNORE INTO rosters VALUES (?, ?)", (roster.root, roster.size))
        if known.rowcount == 1:
            self._db.executemany(
                "INSERT INTO roster_members VALUES (?, ?)", [(roster.root, node) for node in ids]
            )
        self._insert("INSERT INTO slots", roster)

    def add_ticket(self, row: TicketRow) -> None:
        """The ticket."""
        self._insert("INSERT INTO tickets", row)

    def fill_ticket(self, row: TicketRow) -> None:
        """Add seed, nonce, pick and node."""
        self._db.execute(
            "UPDATE tickets SET seed = ?, nonce = ?, pick = ?, node = ? WHERE epoch = ? AND k = ?",
            (row.seed, row.nonce, row.pick, row.node, row.epoch, row.k),
        )

    # Verdicts

    def add_verdict(self, verdict: Verdict) -> None:
        """One per attempt."""
        again = f"attempt {verdict.attempt} of {verdict.job} was judged already"
        self._insert("INSERT INTO verdicts", verdict, again)

    def judged(self, job: str, attempt: int, node: str) -> bool:
        """Whether that attempt has its verdict."""
        where = "job = ? AND attempt = ? AND node = ?"
        return self._value(f"SELECT count(*) FROM verdicts WHERE {where}", job, attempt, node) > 0

    def verdicts(self, node: str, outcome: str, since_ms: int, limit: int) -> int:
        """Counted up to `limit`."""
        inner = "SELECT 1 FROM verdicts WHERE node = ? AND outcome = ? AND at_ms >= ? LIMIT ?"
        return self._value(f"SELECT count(*) FROM ({inner}) AS found", node, outcome, since_ms, limit)

    def add_evidence(self, verdict: Verdict, sealed: bytes, until_ms: int) -> None:
        """What a verdict rests on."""
        row = (verdict.id, verdict.node, sealed, until_ms, verdict.outcome)
        columns = "id, node, sealed, until_ms, outcome"
        self._db.execute(f"INSERT INTO evidence ({columns}) VALUES (?, ?, ?, ?, ?)", row)

    def forget_evidence(self, before_ms: int) -> int:
        """Delete what the dispute window has closed over."""
        return self._db.execute("DELETE FROM evidence WHERE until_ms < ?", (before_ms,)).rowcount

    def trim_evidence(self, rows: int, size_bytes: int) -> int:
        """The newest are kept; what rejections rest on is not counted and not touched."""
        kept = (
            "SELECT id, row_number() OVER newest AS number, sum(length(sealed)) OVER newest AS size "
            "FROM evidence WHERE outcome = 'accepted' WINDOW newest AS (ORDER BY until_ms DESC, id)"
        )
        over = f"SELECT id FROM ({kept}) AS kept WHERE number > ? OR size > ?"
        return self._db.execute(f"DELETE FROM evidence WHERE id IN ({over})", (rows, size_bytes)).rowcount

    def add_audit(self, row: AuditRow) -> None:
        """What judging an answer took."""
        self._insert("INSERT INTO audits", row)

    def totals(self, node: str) -> bytes:
        """As they were saved."""
        row = self._db.execute("SELECT body FROM totals WHERE node = ?", (node,)).fetchone()
        return bytes(row[0]) if row else b""

    def save_totals(self, node: str, body: bytes, at_ms: int) -> None:
        """Insert or replace."""
        self._db.execute("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", (node, body, at_ms))

    def add_receipt(self, receipt: Receipt, leaf: str) -> None:
        """Keep a receipt."""
        row = (receipt.job, receipt.attempt, receipt.node, msgspec.json.encode(receipt), leaf)
        self._db.execute("INSERT INTO receipts VALUES (?, ?, ?, ?, (SELECT epoch FROM books), ?)", row)

    # Nodes, outbox, keys

    def node(self, node: str) -> NodeRow | None:
        """What is known of a node."""
        return self._one(NodeRow, "SELECT {} FROM nodes WHERE id = ?", node)

    def save_node(self, row: NodeRow) -> None:
        """Insert or replace."""
        self._insert("INSERT OR REPLACE INTO nodes", row)

    def post(self, node: str, body: bytes, at_ms: int) -> None:
        """Put a message in the outbox."""
        self._db.execute("INSERT INTO outbox (node, body, at_ms) VALUES (?, ?, ?)", (node, body, at_ms))

    def outbox(self, node: str, after: int) -> list[OutboxRow]:
        """Oldest first, at most 1000 at a time."""
        return self._all(
            OutboxRow, "SELECT {} FROM outbox WHERE node = ? AND id > ? ORDER BY id LIMIT 1000", node, after
        )

    def delivered(self, ids: tuple[int, ...]) -> None:
        """Take messages out of the outbox."""
        self._db.executemany("DELETE FROM outbox WHERE id = ?", [(i,) for i in ids])

    def client_of(self, key_sha256: str) -> str | None:
        """The client that an API key belongs to."""
        row = self._db.execute("SELECT client FROM keys WHERE key_sha256 = ?", (key_sha256,)).fetchone()
        return row[0] if row else None

    def forget_keys(self) -> None:
        """Know no client by a key any more."""
        self._db.execute("DELETE FROM keys")

    def save_key(self, key_sha256: str, client: str) -> None:
        """Know a client by the hash of its key."""
        self._db.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (key_sha256, client))

    # Repeated requests, spending

    def idempotency(self, client: str, key: str) -> IdempotencyRow | None:
        """What that key of the client's stands for."""
        where = "client = ? AND key = ?"
        return self._one(IdempotencyRow, f"SELECT {{}} FROM idempotency WHERE {where}", client, key)

    def save_idempotency(self, row: IdempotencyRow) -> None:
        """Insert or replace."""
        self._insert("INSERT OR REPLACE INTO idempotency", row)

    def spend(self, client: str, key: str, day: int, amount: int) -> None:
        """Added to what the day has."""
        if amount >= 0:
            self._db.execute(
                "INSERT INTO spending VALUES (?, ?, ?, ?) "
                "ON CONFLICT (client, key, day) DO UPDATE SET amount = spending.amount + excluded.amount",
                (client, key, day, amount),
            )
            return
        back = self._db.execute(
            "UPDATE spending SET amount = amount - ?4 "
            "WHERE client = ?1 AND key = ?2 AND day = ?3 AND amount >= ?4",
            (client, key, day, -amount),
        )
        if back.rowcount != 1:
            raise OverdrawnError(f"{client} gets more back than was spent on day {day}")

    def spent(self, client: str, key: str | None, since_day: int) -> int:
        """Summed over days, and over keys where none is named."""
        query = "SELECT sum(amount) FROM spending WHERE client = ? AND day >= ?"
        if key is None:
            return self._value(query, client, since_day)
        return self._value(f"{query} AND key = ?", client, since_day, key)

    # Statements

    def books(self) -> int:
        """The epoch whose books are open."""
        return self._value("SELECT epoch FROM books")

    def movements(self) -> list[Movement]:
        """In the order of the accounts' names; escrows apart."""
        return self._all(
            Movement,
            "SELECT {} FROM balances WHERE account < 'escrow:' OR account > 'escrow;' ORDER BY account",
        )

    def held(self) -> int:
        """In all escrows."""
        return self._value(
            "SELECT sum(amount) FROM balances WHERE account > 'escrow:' AND account < 'escrow;'"
        )

    def receipt_rows(self, epoch: int) -> list[ReceiptRow]:
        """By node, job and attempt."""
        return self._all(
            ReceiptRow, "SELECT {} FROM receipts WHERE epoch = ? ORDER BY node, job, attempt", epoch
        )

    def epoch_opened(self, epoch: int) -> int:
        """Milliseconds; 0 for an epoch that never was."""
        return self._value("SELECT max(opened_ms) FROM epochs WHERE epoch = ?", epoch)

    def add_statement(self, row: StatementRow) -> None:
        """And open the next epoch's books."""
        self._insert("INSERT INTO statements", row)
        self._db.execute("UPDATE balances SET credits = 0, debits = 0 WHERE credits <> 0 OR debits <> 0")
        self._db.execute("UPDATE books SET epoch = ?", (row.epoch + 1,))

    def statement(self, epoch: int) -> StatementRow | None:
        """As it was made."""
        return self._one(StatementRow, "SELECT {} FROM statements WHERE epoch = ?", epoch)

    def statement_digests(self, before: int) -> list[str]:
        """Oldest first."""
        rows = self._db.execute("SELECT digest FROM statements WHERE epoch < ? ORDER BY epoch", (before,))
        return [digest for (digest,) in rows]

    def forget_lines(self, before: int) -> None:
        """The statements stay."""
        query = "UPDATE statements SET lines = ? WHERE epoch < ? AND lines <> ?"
        self._db.execute(query, (b"", before, b""))

    # Rows and structs

    def _move(self, account: str, amount: int, transaction_id: str) -> None:
        """Add to a balance, or take from one that holds enough."""
        if amount > 0 or account == OUTSIDE:
            self._db.execute(_ADD, (account, amount, max(amount, 0), max(-amount, 0)))
            return
        error = OverdrawnError(f"{transaction_id}: {account} does not hold {-amount}")
        self._db.must(_TAKE, (-amount, -amount, account, -amount), error)

    def _insert(self, verb: str, row: msgspec.Struct, again: str = "it stands already") -> None:
        """A plain INSERT of what stands already is a conflict, for which `again` are the words."""
        names = row.__struct_fields__
        columns, marks = ", ".join(f'"{n}"' for n in names), ", ".join("?" for _ in names)
        statement = f"{verb} ({columns}) VALUES ({marks})"
        if verb.startswith("INSERT INTO"):
            self._db.must(f"{statement} ON CONFLICT DO NOTHING", _values(row), ConflictError(again))
        else:
            self._db.execute(statement, _values(row))

    def _one(self, kind: type[S], query: str, *values: Any) -> S | None:
        rows = self._all(kind, query, *values)
        return rows[0] if rows else None

    def _all(self, kind: type[S], query: str, *values: Any) -> list[S]:
        columns = ", ".join(f'"{name}"' for name in kind.__struct_fields__)
        return [kind(*row) for row in self._db.execute(query.format(columns), values)]

    def _value(self, query: str, *values: Any) -> int:
        return int(self._db.execute(query, values).fetchone()[0] or 0)


def _values(row: msgspec.Struct) -> tuple[Any, ...]:
    """In the order of the fields; a tuple of structs as JSON."""
    values = (getattr(row, name) for name in row.__struct_fields__)
    return tuple(msgspec.json.encode(v).decode() if isinstance(v, tuple) else v for v in values)


def leaf_of(body: bytes) -> str:
    """The leaf of a receipt as it is kept, for a database that kept receipts before there were leaves."""
    receipt = msgspec.json.decode(body, type=Receipt)
    return receipt_leaf(receipt_bytes(receipt), receipt.signature)
