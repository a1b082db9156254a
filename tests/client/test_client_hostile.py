"""Coordinators that cheat a client which holds the nonce: nothing of their answers comes through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from doubles.coordinator_double import DONE, Coordinator, Script, answers, chunk, honest, ticketed

both = pytest.mark.parametrize("stream", [True, False])


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
