"""A client's nonce is given for one ticket at a time, in the order of attempts, over seeds known before."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from doubles.coordinator_double import DONE, JOB, Coordinator, Script, answers, chunk, committed_to, ticketed
from fairness.made_transcripts import NODES, job_of

from console.protocol.ids import JobId

both = pytest.mark.parametrize("stream", [True, False])


async def a_ticket_to_be_thrown_away(it: Coordinator) -> AsyncIterator[str]:
    """The nonce is got for one ticket, and the draw is made of another that suits the coordinator."""
    yield chunk()
    yield ticketed(it.ticket())
    nonce = await it.nonce
    for k in range(99):
        ticket = it.ticket(k, job=job_of(2))
        line, node = await it.drawn(ticket)
        if nonce and node == NODES[0]:
            yield ticketed(ticket)
            yield line
            break
    yield chunk("ahoy", "stop")
    yield DONE


def tickets_of(*given: tuple[int, int, int]) -> Script:
    """Tickets as (number of the job, k, attempt), each with its draw."""

    async def script(it: Coordinator) -> AsyncIterator[str]:
        yield chunk()
        for number, k, attempt in given:
            ticket = it.ticket(k, attempt, job_of(number))
            yield ticketed(ticket)
            yield (await it.drawn(ticket))[0]
        yield chunk("ahoy", "stop")
        yield DONE

    return script


@both
@pytest.mark.parametrize(
    ("script", "why"),
    [
        (a_ticket_to_be_thrown_away, "before the draw"),
        (tickets_of((1, 0, 1), (2, 1, 2)), "another job's"),
        (tickets_of((2, 0, 1)), "another job's"),
        (tickets_of((1, 0, 2)), "attempt 2, and attempt 1"),
        (tickets_of((1, 0, 1), (1, 1, 1)), "attempt 1, and attempt 2"),
        (tickets_of((1, 0, 1), (1, 1, 3)), "attempt 3, and attempt 2"),
        (tickets_of((1, 1, 1), (1, 0, 2)), "numbered before"),
    ],
)
async def test_a_ticket_out_of_its_order_is_not_believed(script: Script, why: str, stream: bool) -> None:
    coordinator = Coordinator(script, {"x-quarterdeck-job": JOB.encode()})
    answer = await answers(coordinator, stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")
    assert why in answer.text
    assert "ahoy" not in answer.text


@both
async def test_a_later_attempt_of_the_same_job_is_believed(stream: bool) -> None:
    coordinator = Coordinator(tickets_of((1, 0, 1), (1, 5, 2)), {"x-quarterdeck-job": JOB.encode()})
    assert (await answers(coordinator, stream)).status_code == 200


async def test_a_job_without_an_id_gets_no_nonce() -> None:
    async def odd(it: Coordinator) -> AsyncIterator[str]:
        yield ticketed(it.ticket(job=JobId("../../elsewhere")))

    coordinator = Coordinator(odd)
    assert "the ticket names no job" in (await answers(coordinator, True)).text
    assert coordinator.heard == ["/net/v1/epochs", "/net/v1/epochs/3/commitment", "/v1/chat/completions"]


async def test_the_seeds_of_an_epoch_are_known_before_the_nonce_is_given_for_it() -> None:
    async def newer(it: Coordinator) -> AsyncIterator[str]:
        yield chunk()
        ticket = it.ticket(epoch=4)
        yield ticketed(ticket)
        yield (await it.drawn(ticket))[0]
        yield chunk("ahoy", "stop")

    coordinator = Coordinator(newer)
    assert (await answers(coordinator, True)).status_code == 200
    assert coordinator.heard[-2:] == ["/net/v1/epochs/4/commitment", f"/net/v1/jobs/{JOB}/nonce"]


async def test_a_commitment_that_somebody_else_signed_gets_no_nonce() -> None:
    async def newer(it: Coordinator) -> AsyncIterator[str]:
        it.commitment = committed_to(3)
        yield ticketed(it.ticket(epoch=4))

    coordinator = Coordinator(newer)
    assert "not signed by the coordinator" in (await answers(coordinator, True)).text
    assert not coordinator.nonce.done()
