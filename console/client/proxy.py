"""The local side: OpenAI's API for programs of this machine, each answer with its draw checked before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from console.client.chunks import DrawError, Line, error_line
from console.client.draw import chance_words
from console.client.gathered import collected, gathered
from console.client.upstream import EMPTY, CheckedStream, Upstream

_PASSED = (b"authorization", b"idempotency-key")
_TOLD = (
    "x-quarterdeck-job", "x-quarterdeck-seed", "x-quarterdeck-logprobs", "x-request-id", "retry-after",
    "x-should-retry",
)  # fmt: skip


class Proxy:
    """Answers local programs from one coordinator."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def app(self) -> Starlette:
        """The routes."""
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/models", self.models),
            ]
        )

    async def models(self, request: Request) -> Response:
        """`GET /v1/models`, as the network has it."""
        try:
            answer = await self._upstream.get("/v1/models", _headers(request))
        except httpx.HTTPError as error:
            return _unreachable(error)
        return Response(answer.content, answer.status_code, media_type="application/json")

    async def chat(self, request: Request) -> Response:
        """`POST /v1/chat/completions`: nothing of an answer goes out before its draw has been checked."""
        try:
            body = msgspec.json.decode(await request.body())
        except (ValueError, RecursionError):
            return _error(400, "bad_json", "The body is not JSON.")
        if not isinstance(body, dict):
            return _error(400, "bad_request", "The body is a JSON object.")
        streams = bool(body.get("stream"))
        asked = body | {"stream": True}
        if not streams:
            asked["stream_options"] = {"include_usage": True}
        return await self._answer(asked, _headers(request), streams)

    async def _answer(self, asked: dict[str, Any], headers: httpx.Headers, streams: bool) -> Response:
        stack = AsyncExitStack()
        try:
            stream = await stack.enter_async_context(self._upstream.chat(asked, headers))
            if stream.response.status_code != 200:
                return await _refusal(stack, stream)
            lines = stream.lines()
            if streams:
                if (first := await anext(lines, None)) is None:
                    raise DrawError(EMPTY)
                return StreamingResponse(
                    _sent(stack, first, lines), headers=_told(stream), media_type="text/event-stream"
                )
            async with stack:
                whole = await collected(lines)
                return gathered(whole, _told(stream))
        except DrawError as error:
            await stack.aclose()
            return _error(502, "draw_wrong", f"This answer was not used, because {error}.")
        except httpx.HTTPError as error:
            await stack.aclose()
            return _unreachable(error)


async def _sent(stack: AsyncExitStack, first: Line, lines: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    async with stack:
        try:
            yield _event(first)
            async for line in lines:
                yield _event(line)
        except DrawError as error:
            yield _trouble("draw_wrong", f"The answer is broken off, because {error}.")
        except httpx.HTTPError as error:
            yield _trouble("unreachable", f"The network broke off ({type(error).__name__}).")


async def _refusal(stack: AsyncExitStack, stream: CheckedStream) -> Response:
    async with stack:
        body = await stream.response.aread()
    return Response(body, stream.response.status_code, _told(stream), "application/json")


def _told(stream: CheckedStream) -> dict[str, str]:
    given = stream.response.headers
    headers = {name: value for name in _TOLD if (value := given.get(name, "")) and value.isascii()}
    if stream.drawn is not None:
        headers["x-quarterdeck-draw"] = f"checked; {chance_words(stream.drawn)}; node {stream.drawn.node}"
    return headers


def _headers(request: Request) -> httpx.Headers:
    """What is passed on, byte for byte."""
    return httpx.Headers([(name, value) for name, value in request.headers.raw if name in _PASSED])


def _unreachable(error: Exception) -> Response:
    words = str(error) or type(error).__name__
    return _error(502, "unreachable", f"The network cannot be reached ({words}). Is its coordinator up?")


def _error(status: int, code: str, sentence: str) -> Response:
    return JSONResponse({"error": _body(code, sentence)}, status)


def _event(line: Line) -> bytes:
    return f"{line.text}\n\n".encode()


def _trouble(code: str, sentence: str) -> bytes:
    return _event(error_line(_body(code, sentence)))


def _body(code: str, sentence: str) -> dict[str, str | None]:
    return {"message": sentence, "type": "server_error", "param": None, "code": code}
