"""A ticket, and the draw that follows from it once its nonce is known. Pure."""

from __future__ import annotations

from console.coordinator.jobs.jobs import Job
from console.coordinator.rosters.rosters import Eligible
from console.fairness import EpochSeeds, pick_of
from console.protocol.transcript import excluded_digest
from console.protocol.types import DrawProof, Ticket


def ticket_for(job: Job, k: int, epoch: int, roster: Eligible, commitment: str) -> Ticket:
    """Draw number `k` of `epoch`, for the attempt at which `job` stands, among `roster`.

    `commitment`: the client's to its nonce, empty for none. Raises ValueError when the roster is empty.
    """
    return Ticket(
        job=job.id,
        k=k,
        epoch=epoch,
        roster_root=roster.listed.tree.root,
        roster_size=len(roster.listed.ids),
        attempt=job.attempt,
        slot=roster.listed.slot,
        chances=roster.chances,
        excluded=excluded_digest(roster.excluded),
        commitment=commitment,
    )


def proof_of(ticket: Ticket, signature: str, nonce: str, seeds: EpochSeeds, roster: Eligible) -> DrawProof:
    """Whom the draw falls on, with all that proves it.

    `roster` is the one that `ticket` fixed. Raises ValueError when nobody of it can be drawn.
    """
    seed, path = seeds.reveal(ticket.k)
    index = pick_of(ticket, seed, nonce, roster.excluded).index
    return DrawProof(
        ticket=ticket,
        ticket_signature=signature,
        nonce=nonce,
        seed=seed,
        seed_path=path,
        index=index,
        roster_path=roster.listed.tree.path(index),
        excluded=roster.excluded,
    )
