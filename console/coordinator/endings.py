"""What a client is told of a job that came to no answer. Pure."""

from __future__ import annotations

from console.coordinator.live import Trouble
from console.fairness.audit import NONCE_WITHHELD


def trouble(code: str, price: int = 0) -> Trouble:
    """The last word about a job that ended as `code`. `price`: what the client pays all the same."""
    status = 503 if code in ("no_node", "coordinator_failed") else 502
    if code == NONCE_WITHHELD and price:
        fee = f"less the network's fee of {price} nano-credits"
        return Trouble(status, code, f"{_WITHHELD} What was held is given back, {fee}.")
    return Trouble(status, code, _SENTENCES.get(code, _SENTENCES["no_answer"]))


_WITHHELD = "The client did not reveal its nonce in time, so nobody was drawn."
_SENTENCES = {
    "answer_rejected": "The answer was checked and found false. Nothing is charged; please ask again.",
    "interrupted": "The node that answered broke off. Nothing is charged; please ask again.",
    "no_answer": "No node could finish this request. Nothing is charged; please ask again.",
    "no_node": "No node was free for this request in time. Nothing is charged; try again in a moment.",
    "coordinator_failed": "The network had a fault of its own. Nothing is charged; try again in a moment.",
    NONCE_WITHHELD: f"{_WITHHELD} Nothing is charged.",
    "cancelled": "The request was cancelled. Nothing is charged.",
    "gone_before_opening": "The answering node left before its answer could be checked. Nothing is charged.",
}
