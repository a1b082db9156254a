"""The SQL of `store.unit.draws`: epochs, slots and tickets: what the transcript is made of."""

from __future__ import annotations

import msgspec

from console.coordinator.store.errors import OutOfTurnError
from console.coordinator.store.reading import read_commitment, read_draws
from console.coordinator.store.sql.part import SqlPart
from console.coordinator.store.unit.draws import TicketRow
from console.protocol.ids import NodeId
from console.protocol.transcript import Closing, Commitment, DrawRecord, SignedRoster

_LAST_CHAIN = "SELECT chain FROM tickets ORDER BY epoch DESC, k DESC LIMIT 1"


class SqlDraws(SqlPart):
    """See `store.unit.draws`."""

    def last_epoch(self) -> int:
        """Number of the newest epoch."""
        return self.value("SELECT max(epoch) FROM epochs")

    def open_epoch(self, commitment: Commitment, sealed_secret: bytes) -> None:
        """Commit to an epoch's seeds."""
        given = commitment
        self.database.execute(
            "INSERT INTO epochs (epoch, root, sealed_secret, opened_ms, chain, policy, signature) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(given.epoch, given.seeds_root, sealed_secret, given.at_ms, given.chain),
                *(msgspec.json.encode(given.policy).decode(), given.signature),
            ),
        )

    def close_epoch(self, closing: Closing) -> None:
        """End an epoch and reveal its secret."""
        self.database.execute(
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

    def epoch_opened(self, epoch: int) -> int:
        """Milliseconds; 0 for an epoch that never was."""
        return self.value("SELECT max(opened_ms) FROM epochs WHERE epoch = ?", epoch)

    def sealed_secrets(self) -> list[tuple[int, bytes]]:
        """Epochs that are not closed."""
        return self.database.execute("SELECT epoch, sealed_secret FROM epochs WHERE closed_ms = 0").fetchall()

    def commitment(self, epoch: int) -> Commitment | None:
        """What was committed to."""
        return read_commitment(self.database, epoch)

    def next_draw(self, epoch: int) -> tuple[int, str]:
        """Takes the next k."""
        query = f"SELECT next_k, ({_LAST_CHAIN}) FROM epochs WHERE epoch = ?"
        k, chain = self.database.execute(query, (epoch,)).fetchone()
        self.database.execute("UPDATE epochs SET next_k = ? WHERE epoch = ?", (k + 1, epoch))
        return int(k), chain or ""

    def take_draw(self, epoch: int, k: int, chain: str) -> None:
        """Where the draw before stands as the caller says."""
        where = f"epoch = ? AND next_k = ? AND coalesce(({_LAST_CHAIN}), '') = ?"
        self.database.must(
            f"UPDATE epochs SET next_k = ? WHERE {where}",
            (k + 1, epoch, k, chain),
            OutOfTurnError(f"draw {k} of epoch {epoch} does not follow upon the last one on record"),
        )

    def last_chain(self) -> str:
        """Of the newest ticket."""
        last = self.database.execute(_LAST_CHAIN).fetchone()
        return str(last[0]) if last else ""

    def add_ticket(self, row: TicketRow) -> None:
        """The ticket."""
        self.insert("tickets", row)

    def fill_ticket(self, row: TicketRow) -> None:
        """Add seed, nonce, pick and node."""
        self.database.execute(
            "UPDATE tickets SET seed = ?, nonce = ?, pick = ?, node = ? WHERE epoch = ? AND k = ?",
            (row.seed, row.nonce, row.pick, row.node, row.epoch, row.k),
        )

    def draws(self, epoch: int) -> list[DrawRecord]:
        """In their order."""
        return read_draws(self.database, epoch)

    def last_slot(self) -> int:
        """The newest slot."""
        return self.value("SELECT coalesce(max(slot), -1) FROM slots")

    def slot_signed(self, slot: int) -> bool:
        """Whether it is kept."""
        return self.value("SELECT count(*) FROM slots WHERE slot = ?", slot) > 0

    def sign_slot(self, roster: SignedRoster, ids: tuple[NodeId, ...]) -> None:
        """The slot's roster, and its members where that root is new."""
        known = self.database.execute(
            "INSERT INTO rosters VALUES (?, ?) ON CONFLICT DO NOTHING", (roster.root, roster.size)
        )
        if known.rowcount == 1:
            self.database.executemany(
                "INSERT INTO roster_members VALUES (?, ?)", [(roster.root, node) for node in ids]
            )
        self.insert("slots", roster)

    def last_stamp(self) -> int:
        """The latest of all."""
        stamps = (
            ("tickets", "at_ms"),
            ("attempts", "ended_ms"),
            ("epochs", "opened_ms"),
            ("epochs", "closed_ms"),
        )
        return max(self.value(f"SELECT max({column}) FROM {table}") for table, column in stamps)
