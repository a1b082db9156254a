"""An epoch's draws recomputed from what its coordinator published, and nothing else.

Everything here takes hostile input: what is malformed is a finding, nothing raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from console.fairness.check import chances, pick_of, well_excluded
from console.fairness.draw import SEEDS_PER_EPOCH, EpochSeeds, Roster, nonce_commitment
from console.fairness.findings import Finding
from console.protocol.frames import ticket_bytes
from console.protocol.ids import JobId, NodeId
from console.protocol.keys import verify
from console.protocol.transcript import (
    AttemptEnd,
    DrawRecord,
    SignedRoster,
    Transcript,
    closing_bytes,
    commitment_bytes,
    roster_bytes,
    transcript_digest,
)
from console.protocol.types import LOAD

SECRET_BYTES = 32
DISORDER_MS = 600_000
"""So far apart stamps of draws may stand that follow on each other."""
NONCE_WITHHELD = "nonce_withheld"
"""How a job ends whose client did not reveal its nonce in time."""


class Audited(msgspec.Struct, frozen=True):
    """What came of one epoch. `checked`: its draws."""

    epoch: int
    checked: int
    findings: tuple[Finding, ...]
    open: bool
    """The epoch runs: its seeds stay secret, and are checked when it has closed."""


def audit_epoch(transcript: Transcript, seeds: int = SEEDS_PER_EPOCH) -> Audited:
    """Recompute every draw of the epoch. `seeds`: how many its commitment covers."""
    try:
        found = tuple(_Epoch(transcript, seeds).findings())
    except (ValueError, OverflowError, IndexError, TypeError) as error:
        sentence = f"The transcript is malformed ({type(error).__name__}), so it proves nothing."
        found = (Finding("malformed", transcript.commitment.epoch, -1, sentence),)
    return Audited(transcript.commitment.epoch, len(transcript.draws), found, transcript.closing is None)


class _Epoch:
    def __init__(self, transcript: Transcript, seeds: int) -> None:
        self._it = transcript
        self._count = seeds
        self._epoch = transcript.commitment.epoch
        self._queue_limit = transcript.commitment.policy.queue_limit
        self._rosters = {roster.slot: roster for roster in transcript.rosters}
        self._ends = {(end.job, end.attempt): end for end in transcript.ends}
        self._draws = {(draw.ticket.job, draw.ticket.attempt): draw for draw in transcript.draws}
        self._seeds = _seeds_of(transcript, seeds)
        self._busy: dict[str, list[int]] = {}
        """By node, when the attempts that it was given ended; 0: not yet."""
        for one in transcript.carried:
            self._busy.setdefault(one.node, []).append(one.ended_ms)

    def findings(self) -> Iterator[Finding]:
        yield from self._commitment()
        yield from self._signed_rosters()
        yield from self._revealed()
        yield from self._order()
        for draw in self._it.draws:
            yield from self._draw(draw)
            end = self._ends.get((draw.ticket.job, draw.ticket.attempt))
            self._busy.setdefault(draw.node, []).append(0 if end is None else end.at_ms)
        yield from self._loads()
        yield from self._closing()

    def _loads(self) -> Iterator[Finding]:
        """What the network asks of whom it chooses has a public limit."""
        most = self._it.commitment.policy.load_draws
        asked = sum(any(one.code == LOAD for one in draw.excluded) for draw in self._it.draws)
        if asked > most:
            yield self._find("load", f"{asked} tickets are load challenges; the rules allow {most}.")

    def _find(self, code: str, sentence: str, k: int = -1) -> Finding:
        return Finding(code, self._epoch, k, sentence)

    def _signed(self, message: bytes, signature: str) -> bool:
        return verify(self._it.coordinator, message, signature)

    def _commitment(self) -> Iterator[Finding]:
        given = self._it.commitment
        if not self._signed(commitment_bytes(given), given.signature):
            yield self._find("commitment", "The commitment to the seeds is not signed by the coordinator.")

    def _signed_rosters(self) -> Iterator[Finding]:
        roots: dict[int, str] = {}
        for roster in self._it.rosters:
            where = f"The roster of slot {roster.slot}"
            if not self._signed(roster_bytes(roster), roster.signature):
                yield self._find("roster", f"{where} is not signed by the coordinator.")
            if roots.setdefault(roster.slot, roster.root) != roster.root:
                yield self._find("two_rosters", f"Slot {roster.slot} has two signed rosters.")
            if not _roots_in(roster, self._it.members):
                yield self._find("roster", f"{where} is not made of the nodes that are said to be in it.")

    def _revealed(self) -> Iterator[Finding]:
        if self._it.closing is None:
            return
        if self._seeds is None:
            yield self._find("withheld_secret", "The epoch is closed and its secret was not revealed.")
        elif self._seeds.root != self._it.commitment.seeds_root:
            yield self._find("seeds", "The secret revealed is not the one committed to before the epoch.")

    def _order(self) -> Iterator[Finding]:
        chain = self._it.commitment.chain
        for expected, draw in enumerate(self._it.draws):
            k = draw.ticket.k
            if k != expected:
                yield self._find(
                    "order", f"Ticket {expected} is missing or out of order: {k} stands there.", k
                )
                return
            chain = hashlib.sha256(bytes.fromhex(chain) + ticket_bytes(draw.ticket)).hexdigest()
            if chain != draw.chain:
                yield self._find("chain", f"Ticket {k} does not follow on the ticket before it.", k)
                return

    def _closing(self) -> Iterator[Finding]:
        closing = self._it.closing
        if closing is None:
            return
        if not self._signed(closing_bytes(closing), closing.signature):
            yield self._find("closing", "The end of the epoch is not signed by the coordinator.")
        if closing.draws != len(self._it.draws):
            sentence = f"The epoch closed with {closing.draws} draws; {len(self._it.draws)} are published."
            yield self._find("missing", sentence)
        elif closing.transcript != transcript_digest(self._it.draws):
            yield self._find("closing", "The draws are not those that the coordinator signed at the end.")

    def _draw(self, draw: DrawRecord) -> Iterator[Finding]:
        ticket, k = draw.ticket, draw.ticket.k
        if not self._signed(ticket_bytes(ticket), draw.signature) or ticket.epoch != self._epoch:
            yield self._find("ticket", f"Ticket {k} is not signed by the coordinator for this epoch.", k)
        roster = self._rosters.get(ticket.slot)
        if roster is None or (roster.root, roster.size) != (ticket.roster_root, ticket.roster_size):
            yield self._find("roster", f"Ticket {k} is not over the signed roster of its slot.", k)
        yield from self._attempt(draw)
        yield from self._left_out(draw)
        yield from self._fee(draw)
        if not draw.node:
            if not self._withheld(draw):
                why = _why(self._ends, draw)
                yield self._find("vacant", f"Ticket {k} was fixed and nobody was drawn: {why}.", k)
            return
        if self._seeds is not None and (k >= self._count or self._seeds.reveal(k)[0] != draw.seed):
            yield self._find("seed", f"Seed {k} is not the one committed to before the epoch.", k)
        yield from self._picked(draw)

    def _withheld(self, draw: DrawRecord) -> bool:
        """Whether a client is said not to have revealed what it committed to: that client knows better."""
        end = self._ends.get((draw.ticket.job, draw.ticket.attempt))
        return bool(draw.ticket.commitment) and end is not None and end.code == NONCE_WITHHELD

    def _fee(self, draw: DrawRecord) -> Iterator[Finding]:
        """Only a client that withheld its nonce pays without an answer, and no more than the rules say."""
        end, k = self._ends.get((draw.ticket.job, draw.ticket.attempt)), draw.ticket.k
        due = self._it.commitment.policy.withheld_fee if not draw.node and self._withheld(draw) else 0
        if end is not None and not 0 <= end.fee <= due:
            yield self._find("fee", f"Draw {k} cost its client a fee of {end.fee}; the rules allow {due}.", k)

    def _picked(self, draw: DrawRecord) -> Iterator[Finding]:
        k, members = draw.ticket.k, self._it.members.get(draw.ticket.roster_root, ())
        try:
            index = pick_of(draw.ticket, draw.seed, draw.nonce, draw.excluded).index
            if draw.ticket.commitment not in ("", nonce_commitment(draw.nonce)):
                yield self._find("nonce", f"Draw {k} is not with the nonce that the client committed to.", k)
        except (ValueError, OverflowError):
            yield self._find("pick", f"Draw {k} cannot be recomputed: it is malformed.", k)
            return
        if index != draw.index or index >= len(members) or members[index] != draw.node:
            drawn = members[index][:6] if index < len(members) else "nobody"
            yield self._find("pick", f"Draw {k} falls on {drawn}, and {draw.node[:6]} was given the job.", k)

    def _attempt(self, draw: DrawRecord) -> Iterator[Finding]:
        """A later attempt needs a public reason: the end of the one before."""
        ticket, k = draw.ticket, draw.ticket.k
        if ticket.attempt == 1:
            if draw.cause != "request":
                yield self._find(
                    "attempt", f"Ticket {k} is a first attempt for the reason {draw.cause!r}.", k
                )
            return
        before = self._ends.get((ticket.job, ticket.attempt - 1))
        if before is None or before.code != draw.cause:
            sentence = f"Ticket {k} is attempt {ticket.attempt}, and no public reason ended the one before."
            yield self._find("attempt", sentence, k)

    def _left_out(self, draw: DrawRecord) -> Iterator[Finding]:
        ticket, k = draw.ticket, draw.ticket.k
        if not well_excluded(ticket, draw.excluded):
            yield self._find("excluded", f"Who is left out of draw {k} is not what its ticket fixed.", k)
            return
        members = self._it.members.get(ticket.roster_root, ())
        for one in draw.excluded:
            node = members[one.index] if one.index < len(members) else ""
            if not self._reason_holds(draw, node, one.code):
                sentence = (
                    f"Draw {k} leaves {node[:6]} out as {one.code!r}, which the transcript does not bear out."
                )
                yield self._find("excluded", sentence, k)

    def _given(self, attempt: tuple[JobId, int]) -> str:
        """Whom that attempt fell on: by its draw, or where that is another epoch's, by how it ended."""
        draw, end = self._draws.get(attempt), self._ends.get(attempt)
        return draw.node if draw is not None else end.node if end is not None else ""

    def _reason_holds(self, draw: DrawRecord, node: str, code: str) -> bool:
        """Whether what is public bears out `code`; what only the node can know, it checks itself."""
        if code == "tried":
            ticket = draw.ticket
            return node in (self._given((ticket.job, n)) for n in range(1, ticket.attempt))
        if code == LOAD:  # a draw among one, and no client's that trusts nobody for it
            return chances(draw.ticket) == 1 and not draw.ticket.commitment
        if code == "queue_full":
            given, at_ms = self._busy.get(node, []), draw.at_ms
            # Draws are numbered as they are written: nearly always, but not always, as they are stamped.
            self._busy[node] = [end_ms for end_ms in given if not end_ms or end_ms >= at_ms - DISORDER_MS]
            return sum(not end_ms or end_ms >= at_ms for end_ms in given) >= self._queue_limit
        return bool(code)


def _seeds_of(transcript: Transcript, count: int) -> EpochSeeds | None:
    """The epoch's seeds once its secret is out."""
    if transcript.closing is None:
        return None
    try:
        secret = bytes.fromhex(transcript.closing.secret)
    except ValueError:
        return None
    return EpochSeeds(secret, count) if len(secret) == SECRET_BYTES else None


def _roots_in(roster: SignedRoster, members: dict[str, tuple[NodeId, ...]]) -> bool:
    ids = members.get(roster.root, ())
    try:
        made = Roster(tuple(ids))
    except ValueError:
        return False
    return made.ids == tuple(ids) and (made.root, len(made)) == (roster.root, roster.size)


def _why(ends: dict[tuple[JobId, int], AttemptEnd], draw: DrawRecord) -> str:
    end = ends.get((draw.ticket.job, draw.ticket.attempt))
    return f"the job ended as {end.code!r}" if end is not None else "no reason is published"


def share_of(transcript: Transcript, node: str) -> tuple[int, int, float, float]:
    """Draws in which `node` could be drawn, those it won, the expectation, and its variance."""
    places = {root: ids.index(node) for root, ids in transcript.members.items() if node in ids}
    draws = won = 0
    expected = variance = 0.0
    for draw in transcript.draws:
        place = places.get(draw.ticket.roster_root, -1)
        if not draw.node or place < 0 or any(one.index == place for one in draw.excluded):
            continue
        chance = 1 / max(1, chances(draw.ticket))
        draws, won = draws + 1, won + (draw.node == node)
        expected, variance = expected + chance, variance + chance * (1 - chance)
    return draws, won, expected, variance
