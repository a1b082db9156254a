"""Who may talk to the engine: its own machine's programs, never a web page.

The socket's permissions are the lock. These rules hold as well, so that no proxy or browser trick opens it:
a request with an `Origin` comes from a web page, and a foreign `Host` from a rebound name.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from console.engine.port import EngineError
from console.engine.process.limits import BODY_BYTES

HOSTS = frozenset({"engine", "localhost", "127.0.0.1", "[::1]"})
_STATUS = {
    "bad_request": 400,
    "context_exceeded": 400,
    "forbidden": 403,
    "too_large": 413,
    "busy": 429,
    "cancelled": 409,
    "decode_failed": 500,
    "not_ready": 503,
    "unreachable": 503,
}


class Guard:
    """ASGI middleware that refuses web pages."""

    def __init__(self, app: ASGIApp) -> None:
        """`app`: what is guarded."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        if scope["type"] == "http" and not _allowed(scope):
            refusal = refused(EngineError("forbidden", "Web pages may not talk to the engine."))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def refused(error: EngineError) -> Response:
    """The answer to what cannot be done: `{"code", "sentence"}`."""
    body = msgspec.json.encode({"code": error.code, "sentence": error.sentence})
    return Response(body, _STATUS.get(error.code, 500), media_type="application/json")


async def bounded_body(request: Request) -> bytes:
    """The request's body. Raises EngineError `too_large` beyond 2 MiB."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise EngineError("too_large", f"The request is larger than {BODY_BYTES} bytes.")
    return bytes(body)


def _allowed(scope: Scope) -> bool:
    headers = {name.lower(): value for name, value in scope["headers"]}
    host = headers.get(b"host", b"").decode("latin-1")
    return b"origin" not in headers and host.rsplit(":", 1)[0].lower() in HOSTS
