"""What one node knows first-hand, against what its coordinator publishes of an epoch.

A transcript may be without a fault and still leave somebody out. The node holds signed presence receipts, the
commitments that it was told, and the proofs of the draws that it won: whatever is not in the transcript as it
saw it is a finding that it can show to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from console.fairness.findings import Finding
from console.protocol.frames import presence_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.messages import Presence
from console.protocol.transcript import DrawRecord, Transcript
from console.protocol.types import LOAD, DrawProof

PUBLISHED = frozenset({"tried", "queue_full", LOAD})
"""Reasons that the transcript itself bears out; of all others the node knows best."""


class Witnessed(msgspec.Struct, frozen=True):
    """What a node kept."""

    node: NodeId
    coordinator: NodeId
    commitments: dict[int, str]
    """Root of the seeds by epoch, as told before the epoch's first draw."""
    presences: tuple[Presence, ...] = ()
    """In the order of their arrival; a slot may have several."""
    won: tuple[DrawProof, ...] = ()
    """Proofs of the draws that fell on it."""
    context: int = 0
    """Tokens that the model took which it offered in the epoch that is audited; 0: not known."""


def audit_own(transcript: Transcript, seen: Witnessed) -> tuple[Finding, ...]:
    """Objections of this node to an epoch."""
    return tuple(_Own(transcript, seen).findings())


class _Own:
    def __init__(self, transcript: Transcript, seen: Witnessed) -> None:
        self._it, self._seen = transcript, seen
        self._epoch = transcript.commitment.epoch
        self._signed = _by_slot(p for p in seen.presences if _is_signed(p, seen.coordinator))

    def findings(self) -> Iterator[Finding]:
        yield from self._commitment()
        yield from self._two_rosters()
        for roster in self._it.rosters:
            yield from self._omitted(roster.slot, roster.root)
        yield from self._won()
        yield from self._left_out()

    def _won(self) -> Iterator[Finding]:
        by_k = {draw.ticket.k: draw for draw in self._it.draws}
        for proof in self._seen.won:
            k = proof.ticket.k
            if proof.ticket.epoch == self._epoch and not _is_published(proof, by_k.get(k), self._seen):
                sentence = f"Draw {k} fell on this node, and is not published as it was proved to it."
                yield self._find("own_draw", sentence, k)

    def _find(self, code: str, sentence: str, k: int = -1) -> Finding:
        return Finding(code, self._epoch, k, sentence)

    def _commitment(self) -> Iterator[Finding]:
        told = self._seen.commitments.get(self._epoch)
        if told is not None and told != self._it.commitment.seeds_root:
            yield self._find("two_commitments", "This node was told another commitment to the epoch's seeds.")

    def _two_rosters(self) -> Iterator[Finding]:
        """Only where something was drawn: a coordinator that is killed remembers no other slot, and may
        number one again when it starts.
        """
        for slot, root in ((roster.slot, roster.root) for roster in self._it.rosters):
            if any(receipt.roster_root not in ("", root) for receipt in self._signed.get(slot, ())):
                sentence = f"In slot {slot} this node was shown another roster than the one published."
                yield self._find("two_rosters", sentence)

    def _omitted(self, slot: int, root: str) -> Iterator[Finding]:
        """Eligible in the slot before and in this one, and yet not in the roster between them."""
        before, now = self._signed.get(slot - 1, ()), self._signed.get(slot, ())
        if not now or self._seen.node in self._it.members.get(root, ()):
            return
        if any(receipt.listed for receipt in now):
            yield self._find("omitted", f"In slot {slot} this node was told that it is listed; it is not.")
        elif before and before[-1].reason is None and _waits(now[-1]):
            left_out = f"the roster of slot {slot} leaves it out"
            yield self._find("omitted", f"This node met every rule in slot {slot - 1}, and {left_out}.")

    def _left_out(self) -> Iterator[Finding]:
        own = (self._seen.node,)
        for draw in self._it.draws:
            ids, k = self._it.members.get(draw.ticket.roster_root, ()), draw.ticket.k
            codes = [one.code for one in draw.excluded if ids[one.index : one.index + 1] == own]
            if codes and not self._agrees(draw, codes[0]):
                yield self._find("excluded", f"Draw {k} left this node out as {codes[0]!r}; it was not.", k)

    def _agrees(self, draw: DrawRecord, code: str) -> bool:
        if code in PUBLISHED:
            return True
        if code == "context":
            return not self._seen.context or draw.need > self._seen.context
        around = [self._signed.get(draw.ticket.slot + step, ()) for step in (-1, 0, 1)]
        return any(not some or any(receipt.reason is not None for receipt in some) for some in around)


def _by_slot(receipts: Iterable[Presence]) -> Mapping[int, Sequence[Presence]]:
    found: dict[int, list[Presence]] = {}
    for receipt in receipts:
        found.setdefault(receipt.slot, []).append(receipt)
    return found


def _waits(receipt: Presence) -> bool:
    """Whether the receipt says that nothing but the slot's end is in the way."""
    why = receipt.reason
    return why is None or (why.code == "not_in_roster" and why.evidence == "slot")


def _is_signed(presence: Presence, coordinator: str) -> bool:
    return verify(coordinator, presence_bytes(presence), presence.signature)


def _is_published(proof: DrawProof, draw: DrawRecord | None, seen: Witnessed) -> bool:
    return draw is not None and (
        (draw.ticket, draw.nonce, draw.seed, draw.index, draw.excluded, draw.node)
        == (proof.ticket, proof.nonce, proof.seed, proof.index, proof.excluded, seen.node)
    )
