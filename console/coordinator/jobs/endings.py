"""How a job ends for its client that has no answer: a code, a status and a sentence. Pure."""

from __future__ import annotations

from console.coordinator.jobs.live import Trouble
from console.fairness.audit import NONCE_WITHHELD

_WITHHELD = "The client did not reveal its nonce in time, so nobody was drawn."
_AGAIN_SOON = ("no_node", "coordinator_failed")
SENTENCES = {
    "answer_rejected": "The answer was checked and found false. Nothing is charged; please ask again.",
    "interrupted": "The node that answered broke off. Nothing is charged; please ask again.",
    "no_answer": "No node could finish this request. Nothing is charged; please ask again.",
    "no_node": "No node was free for this request in time. Nothing is charged; try again in a moment.",
    "coordinator_failed": "The network had a fault of its own. Nothing is charged; try again in a moment.",
    NONCE_WITHHELD: "The client did not reveal its nonce in time, or the epoch ended first, so nobody was "
    "drawn. Nothing is charged; please ask again.",
    "cancelled": "The request was cancelled. Nothing is charged.",
    "gone_before_opening": "The answering node left before its answer could be checked. Nothing is charged.",
}
"""By code."""


def ending(code: str, price: int = 0) -> Trouble:
    """What the client is told of a job that ended with that public code. `price`: what it pays still."""
    status = 503 if code in _AGAIN_SOON else 502
    if code == NONCE_WITHHELD and price:
        fee = f"less the network's fee of {price} nano-credits"
        return Trouble(status, code, f"{_WITHHELD} What was held is given back, {fee}.")
    return Trouble(status, code, SENTENCES.get(code, SENTENCES["no_answer"]))
