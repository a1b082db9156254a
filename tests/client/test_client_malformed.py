"""What a coordinator or a program sends and nobody understands is told in a sentence, never as a bare 500."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from doubles.coordinator_double import Coordinator, Script, answers, chunk, honest, ticketed

from console.client import upstream
from console.client.__main__ import main
from console.client.proxy import Proxy
from console.client.upstream import Upstream

both = pytest.mark.parametrize("stream", [True, False])
DEEP = "[" * 100_000

LINES = [
    "data: 5", "data: [1]", "data: null", "data: {", "data:", "data: " + DEEP, 'data: {"choices": [5]}',
    chunk(choices=[5]), chunk(choices=None), chunk(choices=[{"delta": None}]), chunk(choices=[{}]),
    chunk(choices=[{"delta": {"content": 5}}]), chunk(usage=5), chunk(id=5), chunk(error="x"),
    chunk(model=None), 'data: {"id": "x", "created": 1, "choices": []}', "data: {}",
]  # fmt: skip


def with_line(line: str, *, drawn: bool) -> Script:
    async def script(it: Coordinator) -> AsyncIterator[str]:
        if not drawn:
            yield line
        async for true in honest(it):
            if drawn and "ahoy" in true:
                yield line
            yield true

    return script


@both
@pytest.mark.parametrize("drawn", [True, False])
@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
async def test_a_line_that_is_not_understood_is_told(line: str, drawn: bool, stream: bool) -> None:
    answer = await answers(Coordinator(with_line(line, drawn=drawn)), stream)
    assert "a line of it is not understood" in answer.text
    assert "draw_wrong" in answer.text
    assert answer.status_code == 502
    assert "ahoy" not in answer.text


@both
@pytest.mark.parametrize("told", ["5", "{}", '{"ticket": 5}', "", DEEP], ids=range(5))
async def test_a_ticket_or_a_draw_that_is_not_understood_is_told(told: str, stream: bool) -> None:
    async def bad_ticket(it: Coordinator) -> AsyncIterator[str]:
        yield chunk()
        yield upstream.TICKET + told

    async def bad_draw(it: Coordinator) -> AsyncIterator[str]:
        yield chunk()
        yield ticketed(it.ticket())
        yield upstream.DRAW + told

    for script, what in ((bad_ticket, "ticket"), (bad_draw, "draw")):
        answer = await answers(Coordinator(script), stream)
        assert (answer.status_code, f"the {what} is not understood" in answer.text) == (502, True), (
            answer.text
        )


async def test_a_node_whose_id_is_none_is_told() -> None:
    async def script(it: Coordinator) -> AsyncIterator[str]:
        async for line in honest(it):
            yield line.replace('"node":"', '"node":" \\n') if line.startswith(upstream.DRAW) else line

    answer = await answers(Coordinator(script), False)
    assert (answer.status_code, "names no node" in answer.text) == (502, True), answer.text


@both
@pytest.mark.parametrize("epochs", [5, [], {"coordinator": 5, "epochs": []}, {"epochs": [3]}, ["x"], [None]])
async def test_epochs_that_are_not_understood_are_told(epochs: Any, stream: bool) -> None:
    coordinator = Coordinator(honest)
    coordinator.listing = epochs if epochs not in (["x"], [None]) else {"coordinator": "k", "epochs": epochs}
    answer = await answers(coordinator, stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")
    assert "the list of epochs is not understood" in answer.text


@both
@pytest.mark.parametrize("body", [b"5", b"{}", b"\xff", DEEP.encode()], ids=range(4))
async def test_a_commitment_that_is_not_understood_is_told(body: bytes, stream: bool) -> None:
    coordinator = Coordinator(honest)
    coordinator.commitment = body
    answer = await answers(coordinator, stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "draw_wrong")
    assert "the commitment to the epoch's seeds is not understood" in answer.text


@both
@pytest.mark.parametrize(
    "headers",
    [{"content-type": "text/event-stream; charset=hex"}, {"x-quarterdeck-seed": "\u2713"}],
)
async def test_odd_headers_of_an_answer_do_no_harm(headers: dict[str, str], stream: bool) -> None:
    told = {name: value.encode() for name, value in headers.items()}
    answer = await answers(Coordinator(honest, told), stream)
    assert (answer.status_code, "ahoy" in answer.text) == (200, True), answer.text


@pytest.mark.parametrize(
    "body",
    [b'{"top_p": NaN}', b'{"model": "\\ud800"}', b"\xff", DEEP.encode(), b'{"a": 1e999}'],
    ids=range(5),
)
async def test_a_program_that_sends_no_json_is_told(body: bytes) -> None:
    assert (await posted(body)).json()["error"]["code"] == "bad_json"
    assert (await posted(b"5")).json()["error"]["code"] == "bad_request"


async def test_a_key_may_be_of_any_bytes() -> None:
    answer = await posted(b'{"stream": false}', {"authorization": "Bearer \u00e9".encode("latin-1")})
    assert (answer.status_code, "ahoy" in answer.text) == (200, True), answer.text


async def posted(body: bytes, headers: dict[str, bytes] | None = None) -> httpx.Response:
    http = httpx.AsyncClient(base_url="http://network", transport=Coordinator(honest))
    local = httpx.ASGITransport(Proxy(Upstream(http)).app(), raise_app_exceptions=False)
    sent = {name.encode(): value for name, value in (headers or {}).items()}
    async with http, httpx.AsyncClient(base_url="http://proxy", transport=local) as program:
        return await program.post("/v1/chat/completions", content=body, headers=sent)


@pytest.fixture
def rubbish(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made = httpx.AsyncClient

    def answering(**options: Any) -> httpx.AsyncClient:
        return made(**options, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[1])))

    monkeypatch.setattr(httpx, "AsyncClient", answering)
    yield


def test_a_network_that_is_none_is_told_in_a_sentence(
    rubbish: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--network", "http://network"]) == 1
    assert capsys.readouterr().err.startswith(
        "quarterdeck: http://network cannot be used (the list of epochs"
    )
