"""Short ways from the worker's thread to a client's socket: one hop per step, one write per stream.

Every microsecond of Python here is taken from the cores that llama.cpp computes on, and a token written
through the layers of a web server costs several times what sampling it costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

TRANSPORT = "quarterdeck.transport"
BUFFER_BYTES = 64 * 1024
"""A client that leaves so much unread gets its next tokens together."""
_T = TypeVar("_T")


class Outbox:
    """What a step has to tell, carried to the event loop in one hop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """`loop`: where the calls are made."""
        self._loop = loop
        self._calls: list[tuple[Callable[[Any], None], Any]] = []

    def to(self, call: Callable[[_T], None]) -> Callable[[_T], None]:
        """A sink, for the worker's thread, that has `call` called on the loop after the next `flush`."""

        def put(event: _T) -> None:
            self._calls.append((call, event))

        return put

    def flush(self) -> None:
        """On the worker's thread: send what there is on its way; after the loop's end, nobody listens."""
        if self._calls and not self._loop.is_closed():
            calls, self._calls = self._calls, []
            self._loop.call_soon_threadsafe(_make, calls)


def _make(calls: list[tuple[Callable[[Any], None], Any]]) -> None:
    for call, event in calls:
        call(event)


class Protocol(H11Protocol):
    """uvicorn's, with the connection's transport shown to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The transport to write chunks of a begun answer to; None where the answer is not sent in chunks."""
    if scope.get("http_version") != "1.1":
        return None
    found = (scope.get("state") or {}).get(TRANSPORT)
    return found if isinstance(found, asyncio.Transport) else None


def chunk(body: bytes) -> bytes:
    """`body` as one chunk of HTTP/1.1; it must not be empty, for that would end the answer."""
    return b"%x\r\n%b\r\n" % (len(body), body)
