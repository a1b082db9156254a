"""Lines of an answer, however they are cut, and answers without end."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Iterable

import pytest
from doubles.coordinator_double import Coordinator, answers, chunk, honest, text
from hypothesis import given
from hypothesis import strategies as st

from console.client import gathered
from console.client.chunks import LINE_MOST, DrawError, split

WHOLE = 'data: {"a":"\u2028\u0085é"}\r\n\r\n: x\n\ndata: [DONE]'
LINES = ['data: {"a":"\u2028\u0085é"}', ": x", "data: [DONE]"]


async def parts_of(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@given(st.lists(st.integers(0, len(WHOLE.encode())), max_size=8))
async def test_lines_are_the_same_however_the_parts_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WHOLE.encode())]
    parts = [WHOLE.encode()[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    assert [line async for line in split(parts_of(parts))] == LINES


async def test_a_line_without_end_is_left_and_not_kept() -> None:
    endless = (b"x" * 65_536 for _ in range(1 << 20))
    tracemalloc.start()
    with pytest.raises(DrawError, match="a line of it is longer than 4,194,304 bytes"):
        [line async for line in split(parts_of(endless))]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 4 * LINE_MOST


async def test_a_long_line_in_small_parts_comes_whole() -> None:
    """Looked through once, part by part: doing it over and over would take minutes here."""
    small = [b"y" * 16] * (LINE_MOST // 16)
    [line] = [line async for line in split(parts_of([*small, b"\n"]))]
    assert len(line) == LINE_MOST


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_with_a_line_without_end_is_told_of(stream: bool) -> None:
    async def script(it: Coordinator) -> AsyncIterator[str]:
        yield "data: " + "x" * (LINE_MOST + 1)

    answer = await answers(Coordinator(script), stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")
    assert "a line of it is longer than" in answer.text


async def test_an_answer_without_end_is_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "ANSWER_MOST", 10_000)

    async def script(it: Coordinator) -> AsyncIterator[str]:
        async for line in honest(it):
            yield line
            while "ahoy" in line:
                yield chunk("ahoy")

    answer = await answers(Coordinator(script), False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")
    assert "it is longer than 10,000 characters" in answer.text
    assert text("ahoy") not in answer.text
