"""What a node is told of its result: until it has heard that, it keeps the result and sends it again."""

from __future__ import annotations

from typing import Literal

from console.coordinator.jobs.jobs import FINAL
from console.coordinator.nodes.sessions import Session
from console.coordinator.store import Store, Unit
from console.protocol.messages import ResultAnswered
from console.protocol.types import Result

Status = Literal["taken", "stale", "unknown", "malformed"]
_SENTENCES = {
    "stale": "This attempt no longer counts: the job went on without it. Nothing is paid and nothing taken.",
    "unknown": "This network knows no such job.",
}


def answer(session: Session | None, result: Result, status: Status, sentence: str = "") -> None:
    """Tell the node, if it is here; one that is not is told when it asks again.

    `sentence`: empty for the usual one.
    """
    if session is not None:
        said = sentence or _SENTENCES.get(status, "")
        session.send(ResultAnswered(result.job, result.attempt, result.fence, status, said))


async def answer_late(store: Store, session: Session, result: Result) -> None:
    """Of a job that is no longer in memory. Raises StoreError."""

    def look(unit: Unit) -> Status:
        job = unit.job(result.job)
        if job is None:
            return "unknown"
        judged = unit.judged(job.id, result.attempt, session.node)
        return "taken" if judged and job.state in FINAL else "stale"

    answer(session, result, await store.transact(look))
