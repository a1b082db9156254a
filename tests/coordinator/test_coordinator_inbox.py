"""A job's inbox: what waits in it, and for how long it is waited for."""

from __future__ import annotations

import pytest

from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import ClientGone, Inbox
from console.protocol.ids import GroupId, JobId
from console.protocol.messages import Ack, Chunk
from console.protocol.types import Result

JOB = Job(JobId("1" * 32), "ann", GroupId("9" * 64), 1, 1, 0, attempt=2, fence=3)


async def test_what_is_here_is_given_in_order_and_what_is_due_is_over() -> None:
    inbox = Inbox()
    with pytest.raises(TimeoutError):
        await inbox.next(0.01)
    first, second = Ack(JOB.id, 2, 3), ClientGone()
    inbox.put_nowait(first)
    inbox.put_nowait(second)
    with pytest.raises(TimeoutError):
        await inbox.next(0)
    assert [await inbox.next(1), await inbox.next(1)] == [first, second]


def test_only_the_current_attempt_and_fence_say_that_a_job_went_on() -> None:
    inbox = Inbox()
    inbox.put_nowait(Ack(JOB.id, 2, 3))
    inbox.put_nowait(Chunk(JOB.id, 1, 3, 0, (7,)))
    inbox.put_nowait(Chunk(JOB.id, 2, 2, 0, (7,)))
    assert not inbox.holds(Chunk, JOB)
    inbox.put_nowait(Chunk(JOB.id, 2, 3, 0, (7,)))
    assert inbox.holds(Chunk, JOB)
    assert not inbox.holds(Result, JOB)
    assert inbox.qsize() == 4
