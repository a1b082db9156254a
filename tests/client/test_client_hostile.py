"""Coordinators that cheat a client which holds the nonce: nothing of their answers comes through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from doubles.coordinator_double import DONE, JOB, Coordinator, Script, answers, chunk, committed_to, ticketed
from fairness.made_transcripts import NODES, job_of

from console.protocol.ids import JobId

both = pytest.mark.parametrize("stream", [True, False])


async def honest(it: Coordinator) -> AsyncIterator[str]:
    yield chunk()
    ticket = it.ticket()
    yield ticketed(ticket)
    yield (await it.drawn(ticket))[0]
    yield chunk("ahoy")
    yield chunk(finish_reason="stop")
    yield DONE


async def never_drawn(it: Coordinator) -> AsyncIterator[str]:
    yield chunk()
    yield chunk("ahoy")
    yield DONE


async def ticketed_and_never_drawn(it: Coordinator) -> AsyncIterator[str]:
    yield chunk()
    yield ticketed(it.ticket())
    yield chunk("ahoy")
    yield DONE


async def an_error_that_is_none(it: Coordinator) -> AsyncIterator[str]:
    yield chunk("ahoy", error=None)
    yield DONE


async def text_in_the_opening(it: Coordinator) -> AsyncIterator[str]:
    yield chunk('ahoy "error"')
    ticket = it.ticket()
    yield ticketed(ticket)
    yield (await it.drawn(ticket))[0]
    yield DONE


async def two_openings(it: Coordinator) -> AsyncIterator[str]:
    yield chunk()
    yield chunk()
    yield DONE


async def no_space_after_the_colon(it: Coordinator) -> AsyncIterator[str]:
    yield chunk("ahoy").replace("data: ", "data:")


async def drawn_once_and_ticketed_twice(it: Coordinator) -> AsyncIterator[str]:
    async for line in honest(it):
        if "ahoy" in line:
            yield ticketed(it.ticket(1, 2))
        yield line


async def nothing_at_all(it: Coordinator) -> AsyncIterator[str]:
    yield ": queued, 1 ahead"


UNDRAWN: list[Script] = [
    never_drawn, ticketed_and_never_drawn, an_error_that_is_none, text_in_the_opening, two_openings,
    no_space_after_the_colon, drawn_once_and_ticketed_twice, nothing_at_all,
]  # fmt: skip


@both
async def test_an_honest_coordinator_is_believed(stream: bool) -> None:
    answer = await answers(Coordinator(honest), stream)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-quarterdeck-draw"].startswith("checked; 1 of 7; node ")
    assert "ahoy" in answer.text


@both
@pytest.mark.parametrize("text", ["one\u2028two", "one\u2029two", "one\x85two", "eins ✓ zwei"])
async def test_text_may_hold_what_only_unicode_calls_the_end_of_a_line(text: str, stream: bool) -> None:
    async def told(it: Coordinator) -> AsyncIterator[str]:
        async for line in honest(it):
            yield line.replace("ahoy", text)

    answer = await answers(Coordinator(told), stream)
    assert (answer.status_code, "error" in answer.text) == (200, False), answer.text
    assert text in (answer.text if stream else answer.json()["choices"][0]["message"]["content"])


@both
@pytest.mark.parametrize("script", UNDRAWN)
async def test_an_answer_whose_draw_was_not_shown_does_not_come_through(script: Script, stream: bool) -> None:
    answer = await answers(Coordinator(script), stream)
    assert "ahoy" not in answer.text
    assert "the answer came without a draw" in answer.text
    assert answer.status_code == 502 or script is drawn_once_and_ticketed_twice
    assert stream or answer.status_code == 502


@both
async def test_of_a_job_that_failed_before_its_draw_the_error_alone_comes_through(stream: bool) -> None:
    async def failed(it: Coordinator) -> AsyncIterator[str]:
        yield chunk()
        yield chunk("ahoy", error={"message": "No node was free.", "code": "no_node"})
        yield chunk("ahoy")
        yield DONE

    answer = await answers(Coordinator(failed), stream)
    assert "No node was free." in answer.text
    assert "ahoy" not in answer.text
    assert "x-quarterdeck-draw" not in answer.headers
    assert answer.status_code == (200 if stream else 502)


@both
async def test_fields_that_are_neither_data_nor_comments_do_not_come_before_the_draw(stream: bool) -> None:
    async def another_field(it: Coordinator) -> AsyncIterator[str]:
        yield "event: ahoy"
        yield DONE

    answer = await answers(Coordinator(another_field), stream)
    assert (answer.status_code, "ahoy" in answer.text) == (502, False)
    assert "not understood" in answer.text


@both
async def test_a_draw_with_nothing_after_it_is_no_answer(stream: bool) -> None:
    async def empty(it: Coordinator) -> AsyncIterator[str]:
        async for line in honest(it):
            yield line
            if "-draw " in line:
                return

    answer = await answers(Coordinator(empty), stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")


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
    coordinator = Coordinator(script, {"x-quarterdeck-job": JOB})
    answer = await answers(coordinator, stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")
    assert why in answer.text
    assert "ahoy" not in answer.text


@both
async def test_a_later_attempt_of_the_same_job_is_believed(stream: bool) -> None:
    coordinator = Coordinator(tickets_of((1, 0, 1), (1, 5, 2)), {"x-quarterdeck-job": JOB})
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
