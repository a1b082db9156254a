"""Whether to take an assignment: a pure judgement on what it says and how the node is."""

from __future__ import annotations

import msgspec

from console.fairness import DrawCheck, check_draw, draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.messages import Decline
from console.protocol.types import Assignment, ModelOffer
from console.verification.noise import job_seed


class Situation(msgspec.Struct, frozen=True):
    """What the judgement rests on besides the assignment."""

    node: str
    offer: ModelOffer | None
    coordinator: str
    seeds_roots: dict[int, str]
    """Epoch to the commitment that this node was given at its start."""
    load: int
    """Jobs that wait or run."""
    queue_limit: int
    switched_off: str = ""
    """`paused`, `draining` or empty."""
    engine_ready: bool = True
    trouble: str = ""
    """Why nothing can be journalled; empty when all is well."""


def seeds_root(assignment: Assignment, situation: Situation) -> str:
    """The commitment that this draw must open; empty when the node was never told one for its epoch."""
    return situation.seeds_roots.get(assignment.draw.ticket.epoch, "")


def recompute_draw(assignment: Assignment, situation: Situation) -> tuple[DrawCheck, ...]:
    """The draw, recomputed from its proof."""
    root = seeds_root(assignment, situation)
    return check_draw(
        assignment.draw, assignment.job, assignment.attempt, situation.node, root, situation.coordinator
    )


def objection(assignment: Assignment, situation: Situation, draw: tuple[DrawCheck, ...]) -> Decline | None:
    """Why the assignment is not taken, or None."""
    wrong = [check.sentence for check in draw if not check.ok]
    if wrong:
        return _decline(assignment, "draw_wrong", " ".join(wrong))
    offer = situation.offer
    if offer is None or offer.group != assignment.group:
        return _decline(assignment, "unknown_group", "This node does not serve that model.")
    if situation.switched_off:
        code = "paused" if situation.switched_off == "paused" else "draining"
        return _decline(assignment, code, f"The operator has this node {code}.")
    if situation.trouble:
        return _decline(assignment, "engine_down", "Results cannot be journalled: the node's disk is full.")
    if not situation.engine_ready:
        return _decline(assignment, "engine_down", "The engine is not ready.")
    if situation.load >= situation.queue_limit:
        return _decline(assignment, "queue_full", f"{situation.load} jobs wait or run here.")
    return _too_large(assignment, offer)


def sampling_seed(assignment: Assignment, node: str) -> str:
    """S of DESIGN §5, 64 hex digits. Raises ValueError for a malformed draw or job id."""
    digest = ids_digest(assignment.prompt_ids)
    return job_seed(draw_bytes(assignment.draw), assignment.job, node, digest).hex()


def _too_large(assignment: Assignment, offer: ModelOffer) -> Decline | None:
    wanted = len(assignment.prompt_ids) + assignment.max_tokens
    if not assignment.prompt_ids or assignment.max_tokens < 1 or assignment.temperature_milli < 0:
        return _decline(assignment, "context_exceeded", "There is nothing to generate.")
    if wanted > offer.context:
        sentence = f"Prompt and answer need {wanted} tokens of context; this node has {offer.context}."
        return _decline(assignment, "context_exceeded", sentence)
    return None


def _decline(assignment: Assignment, code: str, sentence: str) -> Decline:
    plain = {"job": assignment.job, "attempt": assignment.attempt, "fence": assignment.fence}
    return msgspec.convert({**plain, "code": code, "sentence": sentence, "type": "decline"}, Decline)
