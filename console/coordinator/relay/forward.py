"""Passing one request on to an owner, and its answer back as it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable

import httpx
from starlette.requests import Request
from starlette.responses import StreamingResponse

from console.coordinator.gateway.errors import ApiError, error_body

CONNECT_S = 2.0
_LOOK_S = 0.25
_OWN = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length",
})  # fmt: skip
"""Of one connection (RFC 9110 §7.6.1), or set anew for the next."""
_BROKE_OFF = (
    "The coordinator that worked on this request ended. What it had reserved is given back; ask again."
)


class NotThereError(Exception):
    """Nobody answers at that address, and nothing of the request was sent."""


class LeftError(Exception):
    """The client hung up before there was an answer."""


class Passed(StreamingResponse):
    """An owner's answer on its way to the client."""

    def __init__(self, answer: httpx.Response) -> None:
        streams = answer.headers.get("content-type", "").startswith("text/event-stream")
        super().__init__(_content(answer, streams), answer.status_code, _passed(answer.headers.items()))
        self._answer = answer

    async def drop(self) -> None:
        """It is not passed on after all."""
        await self._answer.aclose()


async def forward(http: httpx.AsyncClient, address: str, request: Request, body: bytes) -> Passed:
    """The owner's answer, streamed.

    Raises:
        NotThereError: nobody is there.
        ApiError: it was there, and broke off before it answered.
        LeftError: the client did.
    """
    path = request.scope.get("raw_path", b"").decode("ascii", "replace") or request.url.path
    target = f"{address}{path}"
    if request.url.query:
        target += f"?{request.url.query}"
    asked = http.build_request(request.method, target, headers=_passed(request.headers.items()), content=body)
    try:
        answer = await _unless_left(request, http.send(asked, stream=True))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NotThereError from error
    except httpx.HTTPError as error:
        raise ApiError(502, "coordinator_gone", _BROKE_OFF) from error
    return Passed(answer)


async def _unless_left(request: Request, sending: Awaitable[httpx.Response]) -> httpx.Response:
    work = asyncio.ensure_future(sending)
    try:
        while not (await asyncio.wait({work}, timeout=_LOOK_S))[0]:
            if await request.is_disconnected():
                raise LeftError
        return work.result()
    finally:
        if not work.done():
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def _content(answer: httpx.Response, streams: bool) -> AsyncIterator[bytes]:
    """What comes, as it comes; a stream that breaks off says so, in the shape of its events."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.HTTPError:
        if not streams:
            raise
        body = error_body(502, "coordinator_gone", _BROKE_OFF)
        yield f"\n\ndata: {json.dumps(body)}\n\n".encode()
    finally:
        await answer.aclose()


def _passed(headers: object) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _OWN}  # type: ignore[attr-defined]
