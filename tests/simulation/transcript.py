"""Draws: every ticket, its roster, its seed and its pick, recomputed from what is public when all is over."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable

from console.coordinator.store.reading import epochs, read_transcript
from console.fairness import EpochSeeds, Roster, pick
from console.fairness.audit import audit_epoch
from console.fairness.findings import Finding
from console.protocol.frames import ticket_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.transcript import DrawRecord, Transcript
from console.protocol.types import LOAD, Policy
from simulation.attendance import LAG_S, Attendance
from simulation.books import Books
from simulation.clock import SimulatedClock
from simulation.host import KEY, SEEDS_PER_EPOCH


class Draws:
    """Notes when tickets were committed, and checks them at the end."""

    def __init__(
        self,
        db: sqlite3.Connection,
        policy: Policy,
        clock: SimulatedClock,
        attendance: Attendance,
        books: Books,
        complain: Callable[[str], None],
    ) -> None:
        self._db = db
        self._policy = policy
        self._clock = clock
        self._attendance = attendance
        self._books = books
        self._complain = complain
        self._at_s: dict[tuple[int, int], float] = {}
        self._suspended: dict[str, list[tuple[float, int]]] = {}
        self.machines: dict[str, str] = {}
        """The machine that each node claims."""

    def look(self, touched: set[str], now_s: float) -> None:
        """A commit changed these tables."""
        if "tickets" in touched:
            for epoch, k in self._db.execute("SELECT epoch, k FROM tickets"):
                self._at_s.setdefault((epoch, k), now_s)
        if "nodes" in touched:
            for node, until_ms in self._db.execute("SELECT id, suspended_until_ms FROM nodes"):
                spells = self._suspended.setdefault(node, [(0.0, 0)])
                if spells[-1][1] != until_ms:
                    spells.append((now_s, until_ms))

    def check(self, listable: set[str], died: bool) -> None:
        """All of them. `listable`: ids of the nodes that meet the rules on what they offer.

        `died`: the disk failed or the coordinator died, so that tickets may have come to no draw.
        """
        chain = ""
        for epoch in epochs(self._db):
            transcript = read_transcript(self._db, KEY.node_id, epoch)
            if transcript is None or not transcript.draws:
                continue
            for finding in audit_epoch(transcript, SEEDS_PER_EPOCH).findings:
                if not _excused(finding, died):
                    self._complain(f"audit of epoch {epoch}: {finding.code}: {finding.sentence}")
            chain = self._check_order(transcript, chain)
            self._check_picks(transcript)
            for draw in transcript.draws:
                self._check_roster(draw, transcript.members[draw.ticket.roster_root], listable)
        for epoch, given, kept in self._db.execute(
            "SELECT epoch, next_k, (SELECT count(*) FROM tickets t WHERE t.epoch = e.epoch) FROM epochs e"
        ):
            if given != kept:
                self._complain(f"epoch {epoch} gave {given} numbers, and has {kept} tickets")

    def _check_order(self, transcript: Transcript, chain: str) -> str:
        """Gapless, chained, signed, each later attempt for the reason that ended the one before."""
        rows = self._db.execute("SELECT job, attempt, code FROM attempts")
        codes = {(job, attempt): code for job, attempt, code in rows}
        for due, draw in enumerate(transcript.draws):
            ticket, name = draw.ticket, _name(draw)
            data = ticket_bytes(ticket)
            chain = hashlib.sha256(bytes.fromhex(chain) + data).hexdigest()
            if ticket.k != due:
                self._complain(f"{name}: {due} was due")
            if draw.chain != chain:
                self._complain(f"{name} is not chained to the one before")
            if not verify(KEY.node_id, data, draw.signature):
                self._complain(f"{name} is not signed by the coordinator")
            before = codes.get((ticket.job, ticket.attempt - 1))
            if draw.cause != ("request" if ticket.attempt == 1 else before):
                self._complain(
                    f"{name}: attempt {ticket.attempt} for the reason {draw.cause!r}, not {before!r}"
                )
        return chain

    def _check_picks(self, transcript: Transcript) -> None:
        if transcript.closing is None:
            self._complain(f"epoch {transcript.commitment.epoch} is over, and its secret is not revealed")
            return
        seeds = EpochSeeds(bytes.fromhex(transcript.closing.secret), SEEDS_PER_EPOCH)
        if seeds.root != transcript.commitment.seeds_root:
            self._complain(f"epoch {transcript.commitment.epoch}: the secret is not the one committed to")
        for draw in transcript.draws:
            ticket, members = draw.ticket, transcript.members[draw.ticket.roster_root]
            roster = Roster(tuple(NodeId(node) for node in members))
            if (roster.root, len(roster)) != (ticket.roster_root, ticket.roster_size):
                self._complain(f"{_name(draw)}: the roster is not the one that was fixed")
            if not draw.node:  # vacant: no nonce came, or the disk failed; its job has its reason
                continue
            if draw.seed != seeds.reveal(ticket.k)[0]:
                self._complain(f"{_name(draw)}: the seed is not the one committed to")
            out = frozenset(one.index for one in draw.excluded)
            place = (ticket.job, ticket.roster_root, ticket.roster_size, ticket.attempt)
            index = pick(draw.seed, draw.nonce, *place, out).index
            if (index, roster.ids[index]) != (draw.index, draw.node):
                self._complain(f"{_name(draw)}: the draw does not fall on the node that got the job")

    def _check_roster(self, draw: DrawRecord, members: tuple[NodeId, ...], listable: set[str]) -> None:
        """Who could be drawn is who was here, by the wire, and none else."""
        ticket = draw.ticket
        at_s, out = self._at_s[ticket.epoch, ticket.k], {one.index for one in draw.excluded}
        ids = {node for index, node in enumerate(members) if index not in out}
        spells = self._books.spells
        tried = {s.node for s in spells if s.job == ticket.job and s.start_s < at_s}
        able = {node for node in sorted(listable - tried) if self._surely_able(node, at_s)}
        asked = [one for one in draw.excluded if one.code == LOAD]
        if asked:
            if len(ids) != 1 or len(draw.excluded) + 1 != len(members):
                self._complain(f"{_name(draw)} is a load challenge among {len(ids)}")
            able &= ids
        for node in sorted(able - ids):
            if not self._twin(node, at_s):
                self._complain(f"{_name(draw)} leaves out {node[:6]}, which was live")
        self._check_machines(_name(draw), ids, able)
        for node in sorted(ids):
            _, surely = self._suspension(node, at_s)
            here = node in listable and self._attendance.possibly(node, at_s)
            if not here or node in tried or surely:
                self._complain(f"{_name(draw)} is over {node[:6]} as well, which may not be drawn")

    def _check_machines(self, name: str, ids: set[NodeId], able: set[str]) -> None:
        """A machine has as many chances as the rules give it, however many nodes claim it."""
        most = self._policy.nodes_per_machine or len(self.machines)
        for machine in sorted(set(self.machines.values())):
            claim = {node for node, its in self.machines.items() if its == machine}
            chances = len(claim & ids)
            if chances > most or (claim <= able and chances < min(most, len(claim))):
                self._complain(f"{name} gives one machine, claimed by {len(claim)}, the chances of {chances}")

    def _surely_able(self, node: str, at_s: float) -> bool:
        spells = self._books.spells
        busy = sum(s.node == node and s.start_s <= at_s and s.end_s >= at_s - LAG_S for s in spells)
        perhaps, _ = self._suspension(node, at_s)
        return busy < self._policy.queue_limit and not perhaps and self._attendance.surely(node, at_s)

    def _twin(self, node: str, at_s: float) -> bool:
        """Whether another node may have stood for its machine."""
        machine = self.machines[node]
        others = [other for other, its in self.machines.items() if its == machine and other != node]
        here = [other for other in others if self._attendance.possibly(other, at_s)]
        return 0 < self._policy.nodes_per_machine <= len(here)

    def _suspension(self, node: str, at_s: float) -> tuple[bool, bool]:
        """Whether the node may have been, and whether it surely was, suspended as the roster was made."""
        least_ms, most_ms = self._clock.shown_ms(max(0.0, at_s - LAG_S), at_s + 1.0)
        spells = self._suspended.get(node, [])
        perhaps = any(until_ms > least_ms for since_s, until_ms in spells if since_s <= at_s + 1)
        older = [until_ms for since_s, until_ms in spells if since_s <= at_s - LAG_S]
        return perhaps, bool(older) and older[-1] > most_ms


def _excused(finding: Finding, died: bool) -> bool:
    """What the public audit may find of an honest coordinator: a draw that died with it."""
    return finding.code == "vacant" and died


def _name(draw: DrawRecord) -> str:
    return f"ticket {draw.ticket.epoch}/{draw.ticket.k}"
