"""What a transcript says of a job's attempts: whom each fell on, how it ended, who was left out of the next.

The transcript may be hostile: numbers of attempts are looked up, never counted through.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from console.fairness.check import chances
from console.protocol.ids import JobId, NodeId
from console.protocol.transcript import AttemptEnd, DrawRecord, Transcript
from console.protocol.types import LOAD

DISORDER_MS = 600_000
"""So far apart stamps of draws may stand that follow on each other."""
NONCE_WITHHELD = "nonce_withheld"
"""How a job ends whose client did not reveal its nonce in time."""


class Attempts:
    """Of one epoch; what was given to whom is told draw by draw, in their order."""

    def __init__(self, transcript: Transcript) -> None:
        self._queue_limit = transcript.commitment.policy.queue_limit
        self._ends = {(end.job, end.attempt): end for end in transcript.ends}
        self._first = _first_given(transcript, self._ends)
        self._queues: dict[str, _Queue] = {}
        for one in transcript.carried:
            self._queue(one.node).add(one.ended_ms)

    def end(self, job: JobId, attempt: int) -> AttemptEnd | None:
        """How that attempt ended; None where it has not, or nothing is published."""
        return self._ends.get((job, attempt))

    def began(self, draw: DrawRecord) -> None:
        """`draw` is done with: from here on its node has one job more in its queue."""
        end = self.end(draw.ticket.job, draw.ticket.attempt)
        self._queue(draw.node).add(0 if end is None else end.at_ms)

    def withheld(self, draw: DrawRecord) -> bool:
        """Whether a client is said not to have revealed what it committed to: that client knows better."""
        end = self.end(draw.ticket.job, draw.ticket.attempt)
        return bool(draw.ticket.commitment) and end is not None and end.code == NONCE_WITHHELD

    def fee(self, draw: DrawRecord) -> int:
        """What the client is said to have paid for it."""
        end = self.end(draw.ticket.job, draw.ticket.attempt)
        return 0 if end is None else end.fee

    def why_vacant(self, draw: DrawRecord) -> str:
        """What is published of why nobody was drawn, for people."""
        end = self.end(draw.ticket.job, draw.ticket.attempt)
        return f"the job ended as {end.code!r}" if end is not None else "no reason is published"

    def bear_out(self, draw: DrawRecord, node: str, code: str) -> bool:
        """Whether `node` may be left out as `code`; what only the node can know, it checks itself."""
        if code == "tried":
            first = self._first.get((draw.ticket.job, node))
            return first is not None and first < draw.ticket.attempt
        if code == LOAD:  # a draw among one, and no client's that trusts nobody for it
            return chances(draw.ticket) == 1 and not draw.ticket.commitment
        if code == "queue_full":
            return self._queue(node).at(draw.at_ms) >= self._queue_limit
        return bool(code)

    def _queue(self, node: str) -> _Queue:
        return self._queues.setdefault(node, _Queue())


class _Queue:
    """What a node was given so far, and when it was done with it."""

    def __init__(self) -> None:
        self._running = 0
        self._ended: list[int] = []  # in order, so that however much there is, nothing is counted through
        self._latest_ms: int | None = None

    def add(self, ended_ms: int) -> None:
        """One more; 0: it has not ended."""
        if ended_ms:
            insort(self._ended, ended_ms)
        else:
            self._running += 1

    def at(self, at_ms: int) -> int:
        """How many of them had not ended at that moment.

        Draws are numbered as they are written: nearly always, but not always, as they are stamped. Of what
        ended longer ago than that explains, no earlier stamp makes a queue again.
        """
        latest_ms = at_ms if self._latest_ms is None else max(at_ms, self._latest_ms)
        self._latest_ms = latest_ms
        since_ms = max(at_ms, latest_ms - DISORDER_MS)
        return self._running + len(self._ended) - bisect_left(self._ended, since_ms)


def _first_given(
    transcript: Transcript, ends: dict[tuple[JobId, int], AttemptEnd]
) -> dict[tuple[JobId, str], int]:
    """The first attempt of a job that fell on a node: by its draw, or by its end where none is published."""
    given: dict[tuple[JobId, int], NodeId] = {attempt: end.node for attempt, end in ends.items()}
    given |= {(draw.ticket.job, draw.ticket.attempt): draw.node for draw in transcript.draws}
    first: dict[tuple[JobId, str], int] = {}
    for (job, attempt), node in given.items():
        if node and attempt >= 1:
            first[job, node] = min(attempt, first.get((job, node), attempt))
    return first
