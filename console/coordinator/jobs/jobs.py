"""A job's life as a pure state machine (DESIGN §4): which step may follow which, under which fence."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from console.protocol.ids import GroupId, JobId
from console.protocol.types import Fault

State = Literal[
    "RECEIVED",
    "HELD",
    "TICKETED",
    "ASSIGNED",
    "ACKED",
    "RUNNING",
    "RESULT",
    "AUDITING",
    "ACCEPTED",
    "SETTLED",
    "REJECTED",
    "PENALISED",
    "CANCELLED",
    "FAILED",
]

_GIVEN_UP: frozenset[State] = frozenset({"CANCELLED", "FAILED"})
_AGAIN: frozenset[State] = frozenset({"TICKETED"})
_NEXT: dict[State, frozenset[State]] = {
    "RECEIVED": frozenset({"HELD"}),
    "HELD": _GIVEN_UP | {"TICKETED"},
    "TICKETED": _GIVEN_UP | _AGAIN | {"ASSIGNED"},
    "ASSIGNED": _GIVEN_UP | _AGAIN | {"ACKED", "RUNNING", "RESULT"},
    "ACKED": _GIVEN_UP | _AGAIN | {"RUNNING", "RESULT"},
    "RUNNING": _GIVEN_UP | _AGAIN | {"RESULT"},
    "RESULT": frozenset({"AUDITING", "ACCEPTED", "FAILED"}),
    "AUDITING": frozenset({"ACCEPTED", "REJECTED", "FAILED"}),
    "ACCEPTED": frozenset({"SETTLED"}),
    "REJECTED": frozenset({"PENALISED"}),
    "SETTLED": frozenset(),
    "PENALISED": frozenset(),
    "CANCELLED": frozenset(),
    "FAILED": frozenset(),
}
FINAL: frozenset[State] = frozenset(state for state, after in _NEXT.items() if not after)
WITH_NODE: frozenset[State] = frozenset({"ASSIGNED", "ACKED", "RUNNING"})
"""States in which a node works, and a result may come."""


class StepError(Exception):
    """A step that the job's state does not allow: a fault of the coordinator, or a message out of order."""


class FenceError(Exception):
    """Something done under a fence that is no longer current: it does not count."""


class Job(msgspec.Struct, frozen=True):
    """One request of a client; holds sizes, hashes and timings only."""

    id: JobId
    client: str
    group: GroupId
    prompt_tokens: int
    max_tokens: int
    received_ms: int
    state: State = "RECEIVED"
    attempt: int = 0
    fence: int = 0
    node: str = ""
    """Of the current attempt."""
    held: int = 0
    """Nano-credits in escrow until the job is final."""
    completion_tokens: int = 0
    price: int = 0
    reward: int = 0
    fault: Fault | Literal[""] = ""
    code: str = ""
    """Why it failed."""
    first_token_ms: int = 0
    """When the first token came in, 0 for none."""
    changed_ms: int = 0
    key: str = ""
    """Name of the client's key that it was asked with."""


def hold(job: Job, amount: int, at_ms: int) -> Job:
    """Money for the worst case is reserved."""
    return _move(job, "HELD", at_ms, held=amount)


def ticket(job: Job, at_ms: int) -> Job:
    """A new attempt: number and fence rise together, so that whatever the last one still does is stale."""
    return _move(job, "TICKETED", at_ms, attempt=job.attempt + 1, fence=job.fence + 1, node="")


def assign(job: Job, node: str, at_ms: int) -> Job:
    """The draw fell on `node`."""
    return _move(job, "ASSIGNED", at_ms, node=node)


def ack(job: Job, node: str, fence: int, at_ms: int) -> Job:
    """The node has it in its queue."""
    return _move(_fenced(job, node, fence), "ACKED", at_ms)


def run(job: Job, node: str, fence: int, at_ms: int) -> Job:
    """The first tokens came."""
    return _move(_fenced(job, node, fence), "RUNNING", at_ms, first_token_ms=job.first_token_ms or at_ms)


def take_result(job: Job, node: str, fence: int, tokens: int, at_ms: int) -> Job:
    """A well-formed result came under the current fence."""
    first = job.first_token_ms or at_ms
    return _move(_fenced(job, node, fence), "RESULT", at_ms, completion_tokens=tokens, first_token_ms=first)


def audit(job: Job, at_ms: int) -> Job:
    """The answer was drawn for an audit."""
    return _move(job, "AUDITING", at_ms)


def settle(job: Job, price: int, reward: int, at_ms: int) -> Job:
    """Accepted and paid, in one step."""
    accepted = _move(job, "ACCEPTED", at_ms)
    return _move(accepted, "SETTLED", at_ms, price=price, reward=reward, held=0)


def penalise(job: Job, at_ms: int) -> Job:
    """Rejected, refunded and penalised, in one step."""
    return _move(_move(job, "REJECTED", at_ms), "PENALISED", at_ms, held=0, fault="node", code="rejected")


def fail(job: Job, fault: Fault, code: str, at_ms: int, price: int = 0) -> Job:
    """Given up and refunded. `price`: what the client pays all the same, for a nonce that it withheld."""
    return _move(job, "FAILED", at_ms, held=0, fault=fault, code=code, price=price)


def cancel(job: Job, at_ms: int) -> Job:
    """The client left before there was a result; refunded."""
    return _move(job, "CANCELLED", at_ms, held=0, fault="client", code="cancelled")


def _fenced(job: Job, node: str, fence: int) -> Job:
    if node != job.node or fence != job.fence:
        raise FenceError(f"fence {fence} where {job.fence} is current")
    return job


def _move(job: Job, to: State, at_ms: int, **changes: Any) -> Job:
    if to not in _NEXT[job.state]:
        raise StepError(f"{job.state} does not lead to {to}")
    return msgspec.structs.replace(job, state=to, changed_ms=at_ms, **changes)
