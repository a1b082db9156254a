"""An epoch's draws recomputed from what its coordinator published, and nothing else.

Everything here takes hostile input: what is malformed is a finding, nothing raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from console.fairness.attempts import NONCE_WITHHELD as NONCE_WITHHELD
from console.fairness.draw import SEEDS_PER_EPOCH, EpochSeeds, Roster
from console.fairness.draw_audit import DrawAudit
from console.fairness.findings import Audited, Finding
from console.protocol.frames import ticket_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.transcript import (
    Transcript,
    closing_bytes,
    commitment_bytes,
    roster_bytes,
    transcript_digest,
)
from console.protocol.types import LOAD

SECRET_BYTES = 32


def audit_epoch(transcript: Transcript, seeds: int = SEEDS_PER_EPOCH) -> Audited:
    """Recompute every draw of the epoch. `seeds`: how many its commitment covers."""
    epoch = transcript.commitment.epoch
    found: list[Finding] = []
    try:
        for finding in _Epoch(transcript, seeds).findings():
            found.append(finding)  # one by one: what is malformed hides nothing that came before it
    except (ValueError, OverflowError, IndexError, TypeError) as error:
        sentence = f"The transcript is malformed ({type(error).__name__}), so it proves nothing."
        found.append(Finding("malformed", epoch, -1, sentence))
    return Audited(epoch, len(transcript.draws), tuple(found), transcript.closing is None)


class _Epoch:
    def __init__(self, transcript: Transcript, seeds: int) -> None:
        self._it = transcript
        self._epoch = transcript.commitment.epoch
        self._seeds = _seeds_of(transcript, seeds)
        self._draws = DrawAudit(transcript, self._seeds, seeds)

    def findings(self) -> Iterator[Finding]:
        yield from self._commitment()
        yield from self._signed_rosters()
        yield from self._revealed()
        yield from self._order()
        for draw in self._it.draws:
            yield from self._draws.findings(draw)
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
        # Between slots rosters seldom change: a tree is made for each once, not for each slot.
        sizes = {root: len(ids) for root, ids in self._it.members.items() if _makes(ids, root)}
        for roster in self._it.rosters:
            where = f"The roster of slot {roster.slot}"
            if not self._signed(roster_bytes(roster), roster.signature):
                yield self._find("roster", f"{where} is not signed by the coordinator.")
            if roots.setdefault(roster.slot, roster.root) != roster.root:
                yield self._find("two_rosters", f"Slot {roster.slot} has two signed rosters.")
            if sizes.get(roster.root) != roster.size:
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


def _seeds_of(transcript: Transcript, count: int) -> EpochSeeds | None:
    """The epoch's seeds once its secret is out."""
    if transcript.closing is None:
        return None
    try:
        secret = bytes.fromhex(transcript.closing.secret)
    except ValueError:
        return None
    return EpochSeeds(secret, count) if len(secret) == SECRET_BYTES else None


def _makes(ids: tuple[NodeId, ...], root: str) -> bool:
    try:
        made = Roster(ids)
    except ValueError:
        return False
    return made.ids == ids and made.root == root
