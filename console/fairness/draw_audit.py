"""One draw of a transcript recomputed: its ticket, why it was made, whom it leaves out, on whom it falls.

What is malformed may raise here; `audit` makes a finding of that.
"""

from __future__ import annotations

from collections.abc import Iterator

from console.fairness.attempts import Attempts
from console.fairness.check import pick_of, well_excluded
from console.fairness.draw import EpochSeeds, nonce_commitment
from console.fairness.findings import Finding
from console.protocol.frames import ticket_bytes
from console.protocol.keys import verify
from console.protocol.transcript import DrawRecord, Transcript


class DrawAudit:
    """Of one epoch, whose draws it is shown once each and in their order."""

    def __init__(self, transcript: Transcript, seeds: EpochSeeds | None, count: int) -> None:
        """`seeds`: None while the epoch's secret is not out; `count`: how many its commitment covers."""
        self._it = transcript
        self._epoch = transcript.commitment.epoch
        self._seeds = seeds
        self._count = count
        self._rosters = {roster.slot: roster for roster in transcript.rosters}
        self._attempts = Attempts(transcript)

    def findings(self, draw: DrawRecord) -> Iterator[Finding]:
        """What is wrong with the next draw."""
        yield from self._draw(draw)
        self._attempts.began(draw)

    def _find(self, code: str, sentence: str, k: int) -> Finding:
        return Finding(code, self._epoch, k, sentence)

    def _draw(self, draw: DrawRecord) -> Iterator[Finding]:
        ticket, k = draw.ticket, draw.ticket.k
        signed = verify(self._it.coordinator, ticket_bytes(ticket), draw.signature)
        if not signed or ticket.epoch != self._epoch:
            yield self._find("ticket", f"Ticket {k} is not signed by the coordinator for this epoch.", k)
        roster = self._rosters.get(ticket.slot)
        if roster is None or (roster.root, roster.size) != (ticket.roster_root, ticket.roster_size):
            yield self._find("roster", f"Ticket {k} is not over the signed roster of its slot.", k)
        yield from self._attempt(draw)
        yield from self._left_out(draw)
        yield from self._fee(draw)
        if not draw.node:
            if not self._attempts.withheld(draw):
                why = self._attempts.why_vacant(draw)
                yield self._find("vacant", f"Ticket {k} was fixed and nobody was drawn: {why}.", k)
            return
        if self._seeds is not None and (not 0 <= k < self._count or self._seeds.seed(k) != draw.seed):
            yield self._find("seed", f"Seed {k} is not the one committed to before the epoch.", k)
        yield from self._picked(draw)

    def _fee(self, draw: DrawRecord) -> Iterator[Finding]:
        """Only a client that withheld its nonce pays without an answer, and no more than the rules say."""
        k, paid = draw.ticket.k, self._attempts.fee(draw)
        withheld = not draw.node and self._attempts.withheld(draw)
        due = self._it.commitment.policy.withheld_fee if withheld else 0
        if not 0 <= paid <= due:
            yield self._find("fee", f"Draw {k} cost its client a fee of {paid}; the rules allow {due}.", k)

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
        before = self._attempts.end(ticket.job, ticket.attempt - 1)
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
            if not self._attempts.bear_out(draw, node, one.code):
                sentence = (
                    f"Draw {k} leaves {node[:6]} out as {one.code!r}, which the transcript does not bear out."
                )
                yield self._find("excluded", sentence, k)
