"""What a client checks of its own draw. Pure."""

from __future__ import annotations

import re

import msgspec

from console.fairness import chances, check_draw, nonce_commitment
from console.protocol.frames import ticket_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.transcript import Commitment, commitment_bytes
from console.protocol.types import DrawProof, Ticket

_JOB, _NODE = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")


class Ticketed(msgspec.Struct, frozen=True):
    """The ticket, told before the nonce is."""

    ticket: Ticket
    signature: str
    coordinator: NodeId


class Drawn(msgspec.Struct, frozen=True):
    """The draw, told before the first token."""

    proof: DrawProof
    node: NodeId


def ticket_problem(told: Ticketed, commitment: str, coordinator: str) -> str:
    """What is wrong with a ticket, so that the nonce must not be revealed for it; empty: nothing."""
    if told.coordinator != coordinator:
        return "the ticket comes from another coordinator than the one that this proxy knows"
    if told.ticket.commitment != commitment:
        return "the ticket does not carry the commitment that was sent"
    if not verify(coordinator, ticket_bytes(told.ticket), told.signature):
        return "the ticket is not signed by the coordinator"
    return ""


def order_problem(ticket: Ticket, before: Ticket | None, job: str) -> str:
    """What is wrong with a ticket's place in the attempts of its request; empty: nothing.

    `before`: the last ticket, whose draw was checked; None for the first one. `job`: the request's, where the
    coordinator has named it. A ticket out of place could be one of many, of which the nonce shows the best.
    """
    if not _JOB.fullmatch(ticket.job):
        return "the ticket names no job"
    if ticket.job != (before.job if before is not None else job or ticket.job):
        return "the ticket is another job's"
    due = 1 if before is None else before.attempt + 1
    if ticket.attempt != due:
        return f"the ticket is of attempt {ticket.attempt}, and attempt {due} was due"
    if before is not None and (ticket.epoch, ticket.k) <= (before.epoch, before.k):
        return "the ticket is numbered before the last one"
    return ""


def draw_problem(drawn: Drawn, ticketed: Ticketed, nonce: str, seeds_root: str) -> str:
    """What is wrong with a draw; empty: it falls on that node, by the nonce and the seed committed to."""
    proof, ticket = drawn.proof, ticketed.ticket
    if not _NODE.fullmatch(drawn.node):
        return "the draw names no node"
    if proof.ticket != ticket:
        return "the draw is not of the ticket that was fixed before the nonce was revealed"
    if proof.nonce != nonce or nonce_commitment(nonce) != ticket.commitment:
        return "the draw was not made with this request's nonce"
    checks = check_draw(proof, ticket.job, ticket.attempt, drawn.node, seeds_root, ticketed.coordinator)
    wrong = [check.sentence for check in checks if not check.ok]
    return wrong[0][0].lower() + wrong[0][1:].rstrip(".") if wrong else ""


def commitment_problem(given: Commitment, epoch: int, coordinator: str) -> str:
    """What is wrong with a commitment to an epoch's seeds; empty: nothing."""
    if given.epoch != epoch or not verify(coordinator, commitment_bytes(given), given.signature):
        return "the commitment to the epoch's seeds is not signed by the coordinator"
    return ""


def chance_words(drawn: Drawn) -> str:
    """`1 of 97`."""
    return f"1 of {chances(drawn.proof.ticket)}"
