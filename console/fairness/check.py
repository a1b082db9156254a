"""A node's own check of the draw that chose it, and its wins against expectation."""

from __future__ import annotations

import math

import msgspec

from console.fairness.draw import ROSTER_MOST, SEEDS_PER_EPOCH, Pick, pick
from console.fairness.merkle import root_from_path
from console.protocol.types import DrawProof, Exclusion, Ticket


class DrawCheck(msgspec.Struct, frozen=True):
    """One part of a draw proof, recomputed."""

    name: str
    ok: bool
    sentence: str


def check_draw(
    proof: DrawProof,
    job: str,
    attempt: int,
    node: str,
    seeds_root: str,
    coordinator: str,
    seeds: int = SEEDS_PER_EPOCH,
) -> tuple[DrawCheck, ...]:
    """Every part of the proof, recomputed from public data; a malformed part fails, nothing raises.

    `seeds_root`: the commitment that this node was given *before* the draw; `seeds`: how many it covers.
    """
    # Signatures bring 8 MB of cryptography along: who only draws a band has no use for them.
    from console.protocol.frames import ticket_bytes
    from console.protocol.keys import verify

    ticket = proof.ticket
    return (
        _check(
            "ticket",
            ticket.job == job
            and ticket.attempt == attempt
            and verify(coordinator, ticket_bytes(ticket), proof.ticket_signature),
            "The ticket is this job's and signed by the coordinator.",
            "The ticket is not this job's, or not signed by the coordinator.",
        ),
        _check(
            "seed",
            _leads_to(proof.seed, ticket.k, seeds, proof.seed_path, seeds_root),
            f"Seed {ticket.k} is the one committed to before epoch {ticket.epoch}.",
            f"Seed {ticket.k} is not the one committed to before epoch {ticket.epoch}.",
        ),
        _check(
            "roster",
            ticket.roster_size <= ROSTER_MOST
            and _leads_to(node, proof.index, ticket.roster_size, proof.roster_path, ticket.roster_root),
            f"This node is number {proof.index + 1} of {ticket.roster_size} in the roster.",
            _misplaced(ticket),
        ),
        _check(
            "pick",
            _picks(proof),
            f"The draw falls on this node: 1 of {chances(ticket)}{_left_out(ticket)}.",
            "The draw does not fall on this node.",
        ),
    )


def draw_bytes(proof: DrawProof) -> bytes:
    """The 32 bytes of the draw, which seed the sampling. Raises ValueError for a malformed proof."""
    return pick_of(proof.ticket, proof.seed, proof.nonce, proof.excluded).draw


def pick_of(ticket: Ticket, seed: str, nonce: str, excluded: tuple[Exclusion, ...]) -> Pick:
    """Whom the draw of `ticket` falls on. Raises ValueError for what is malformed."""
    places = (seed, nonce, ticket.job, ticket.roster_root, ticket.roster_size, ticket.attempt)
    return pick(*places, frozenset(one.index for one in excluded))


def chances(ticket: Ticket) -> int:
    """Nodes among which it was drawn."""
    return ticket.chances or ticket.roster_size


def well_excluded(ticket: Ticket, excluded: tuple[Exclusion, ...]) -> bool:
    """Whether `excluded` is what the ticket fixed: in order, within the roster, and as many as it says."""
    # As in `check_draw`: who only draws a band has no use for hashes.
    from console.protocol.transcript import excluded_digest

    places = [one.index for one in excluded]
    return (
        excluded_digest(excluded) == ticket.excluded
        and places == sorted(set(places))
        and all(0 <= place < ticket.roster_size for place in places)
        and chances(ticket) == ticket.roster_size - len(places)
    )


def band95(expected_milli: int, variance_milli: int) -> tuple[float, float]:
    """The range that holds the wins of a fair draw in 95 of 100 cases (normal approximation, ≥ 0)."""
    half = 1.96 * math.sqrt(variance_milli / 1000)
    return max(0.0, expected_milli / 1000 - half), expected_milli / 1000 + half


def _picks(proof: DrawProof) -> bool:
    if not well_excluded(proof.ticket, proof.excluded):
        return False
    try:
        return pick_of(proof.ticket, proof.seed, proof.nonce, proof.excluded).index == proof.index
    except (ValueError, OverflowError):
        return False


def _misplaced(ticket: Ticket) -> str:
    if ticket.roster_size > ROSTER_MOST:
        return f"No roster has more than {ROSTER_MOST:,} nodes."
    return "This node does not stand where the proof says in the roster."


def _left_out(ticket: Ticket) -> str:
    count = ticket.roster_size - chances(ticket)
    return f" ({count} of {ticket.roster_size} left out for public reasons)" if count else ""


def _leads_to(leaf: str, index: int, size: int, path: tuple[str, ...], root: str) -> bool:
    try:
        found = root_from_path(bytes.fromhex(leaf), index, size, [bytes.fromhex(p) for p in path])
    except ValueError:
        return False
    return found is not None and found.hex() == root


def _check(name: str, ok: bool, good: str, bad: str) -> DrawCheck:
    return DrawCheck(name, ok, good if ok else bad)
