"""Who may talk to the engine: its own machine's programs, never a web page.

The socket's permissions are the lock. These rules hold as well, so that no proxy or browser trick opens it:
a request with an `Origin` comes from a web page, and a foreign `Host` from a rebound name.
"""

from __future__ import annotations

from collections.abc import Callable

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
    "unauthorised": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "busy": 429,
    "cancelled": 409,
    "deadline": 504,
    "decode_failed": 500,
    "not_ready": 503,
    "unreachable": 503,
}


Refuse = Callable[[EngineError], Response]


class Guard:
    """ASGI middleware that refuses web pages."""

    def __init__(self, app: ASGIApp, refuse: Refuse | None = None) -> None:
        """`app`: what is guarded; `refuse`: a refusal in the form that its callers understand."""
        self._app = app
        self._refuse = refuse or refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        if scope["type"] == "http" and not _local_host(scope):
            refusal = self._refuse(EngineError("forbidden", "Web pages may not talk to the engine."))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def refused(error: EngineError) -> Response:
    """The answer to what cannot be done: `{"code", "sentence"}`."""
    body = msgspec.json.encode({"code": error.code, "sentence": error.sentence})
    return Response(body, status_of(error.code), media_type="application/json")


async def bounded_body(request: Request) -> bytes:
    """The request's body. Raises EngineError `too_large` beyond 2 MiB."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise EngineError("too_large", f"The request is larger than {BODY_BYTES} bytes.")
    return bytes(body)


def status_of(code: str) -> int:
    """HTTP's number for an EngineError's code."""
    return _STATUS.get(code, 500)


def _local_host(scope: Scope) -> bool:
    """Whether a request names this machine and comes from no web page."""
    headers = {name.lower(): value for name, value in scope["headers"]}
    host = headers.get(b"host", b"").decode("latin-1")
    return b"origin" not in headers and host.rsplit(":", 1)[0].lower() in HOSTS
