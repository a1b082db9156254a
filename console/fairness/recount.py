"""Several epochs audited one after the other, and what each node won of what it could expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console.fairness.audit import audit_epoch
from console.fairness.findings import Finding
from console.fairness.findings import NodeShare as NodeShare
from console.fairness.findings import Recount as Recount
from console.fairness.shares import Share, shares_of
from console.protocol.ids import NodeId
from console.protocol.transcript import Transcript


def recount(transcripts: Iterable[Transcript]) -> Recount:
    """Audit epochs in their order."""
    findings: list[Finding] = []
    shares: dict[NodeId, Share] = {}
    epochs: list[int] = []
    still: list[int] = []
    checked, before, coordinator = 0, None, ""
    for transcript in transcripts:
        audited = audit_epoch(transcript)
        findings += [*audited.findings, *_follows(before, transcript), *_agrees(before, transcript)]
        epochs.append(audited.epoch)
        still += [audited.epoch] * audited.open
        checked += audited.checked
        for node, share in shares_of(transcript).items():
            shares[node] = shares.get(node, Share()).plus(share)
        before, coordinator = transcript, transcript.coordinator
    nodes = tuple(share.of(node) for node, share in sorted(shares.items()))
    return Recount(coordinator, tuple(epochs), tuple(still), checked, tuple(findings), nodes)


def _follows(before: Transcript | None, now: Transcript) -> tuple[Finding, ...]:
    """An epoch's chain goes on where that of the one before it ended, also where others lie between them."""
    if before is None:
        return ()
    last = before.draws[-1].chain if before.draws else before.commitment.chain
    if now.commitment.chain == last:
        return ()
    sentence = f"The epoch does not follow on the last ticket of epoch {before.commitment.epoch}."
    return (Finding("chain", now.commitment.epoch, -1, sentence),)


def _agrees(before: Transcript | None, now: Transcript) -> Iterator[Finding]:
    """What an epoch says of attempts that began in the one before is what that one says of them."""
    if before is None:
        return
    drawn = {(draw.ticket.job, draw.ticket.attempt): draw.node for draw in before.draws}
    for end in now.ends:
        if drawn.get((end.job, end.attempt), end.node) != end.node:
            sentence = f"Attempt {end.attempt} of a job is said to be another node's than its draw says."
            yield Finding("attempt", now.commitment.epoch, -1, sentence)
