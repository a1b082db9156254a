"""A ticket, and the draw that follows from it: the node's own check finds nothing wrong with it."""

from __future__ import annotations

import hashlib

import pytest

from console.coordinator.draws.tickets import proof_of, ticket_for
from console.coordinator.jobs.jobs import Job
from console.coordinator.rosters.rosters import Eligible, SlotRoster, left_out
from console.fairness import EpochSeeds, check_draw
from console.protocol.frames import ticket_bytes
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.keys import SigningKey
from console.protocol.transcript import excluded_digest
from console.protocol.types import DrawProof

NODES = tuple(sorted(NodeId(hashlib.sha256(bytes([n])).hexdigest()) for n in range(6)))
LISTED = SlotRoster(41, NODES)
JOB = Job(JobId("0b" * 16), "ann", GroupId("aa" * 32), 30, 10, 0, attempt=2)
KEY = SigningKey(b"k" * 32)
COUNT = 64
SEEDS = EpochSeeds(b"s" * 32, COUNT)
NONCE = "0c" * 16


def drawn(k: int, roster: Eligible) -> DrawProof:
    ticket = ticket_for(JOB, k, 3, roster, "")
    return proof_of(ticket, KEY.sign(ticket_bytes(ticket)), NONCE, SEEDS, roster)


def test_a_ticket_fixes_the_job_the_roster_and_who_is_left_out() -> None:
    roster = left_out(LISTED, {NODES[1]: "paused"})
    ticket = ticket_for(JOB, 7, 3, roster, "0d" * 32)
    assert (ticket.job, ticket.attempt, ticket.epoch, ticket.k) == (JOB.id, 2, 3, 7)
    assert (ticket.slot, ticket.roster_root, ticket.roster_size) == (41, LISTED.tree.root, 6)
    assert (ticket.chances, ticket.excluded) == (5, excluded_digest(roster.excluded))
    assert ticket.commitment == "0d" * 32


def test_every_draw_passes_its_nodes_check_and_falls_on_nobody_who_is_left_out() -> None:
    roster = left_out(LISTED, {NODES[1]: "paused", NODES[4]: "queue_full"})
    winners = set()
    for k in range(40):
        proof = drawn(k, roster)
        winner = NODES[proof.index]
        checks = check_draw(proof, JOB.id, JOB.attempt, winner, SEEDS.root, KEY.node_id, COUNT)
        assert all(check.ok for check in checks), checks
        winners.add(winner)
    assert winners == set(roster.ids)


def test_nobody_is_drawn_where_nobody_can_be() -> None:
    with pytest.raises(ValueError, match="leaf"):
        ticket_for(JOB, 0, 3, Eligible(SlotRoster(41, ()), ()), "")
    with pytest.raises(ValueError, match="nobody"):
        drawn(0, left_out(LISTED, dict.fromkeys(NODES, "paused")))
