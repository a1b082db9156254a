"""One generation as NDJSON: a line per event, cancelled as soon as nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from starlette.types import Receive, Scope, Send

from console.engine.port import Broken, Generated, Tokens
from console.engine.process.sequence import Event

_encoder = msgspec.json.Encoder()


class EventStream:
    """An ASGI response that writes events until the last, and calls `on_gone` when the client leaves."""

    def __init__(self, events: asyncio.Queue[Event], on_gone: Callable[[], None]) -> None:
        """`events`: filled by the worker; ends with `Generated` or `Broken`."""
        self._events = events
        self._on_gone = on_gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]
        writing = asyncio.create_task(self._write(send, headers))
        watching = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((writing, watching), return_when=asyncio.FIRST_COMPLETED)
            finished = writing.done() and not writing.cancelled() and writing.exception() is None
        finally:
            for task in (writing, watching):
                task.cancel()
            await asyncio.gather(writing, watching, return_exceptions=True)
        if not finished:
            self._on_gone()

    async def _write(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        more = True
        while more:
            events = [await self._events.get()]
            while not self._events.empty():
                events.append(self._events.get_nowait())
            merged = merge(events)
            more = isinstance(merged[-1], Tokens)
            body = b"".join(_encoder.encode(event) + b"\n" for event in merged)
            await send({"type": "http.response.body", "body": body, "more_body": more})


def merge(events: list[Event]) -> list[Event]:
    """Neighbouring `Tokens` as one: a slow reader gets fewer lines, not older ones."""
    merged: list[Event] = []
    for event in events:
        last = merged[-1] if merged else None
        if isinstance(event, Tokens) and isinstance(last, Tokens):
            merged[-1] = Tokens(last.start, last.token_ids + event.token_ids, last.text + event.text)
        else:
            merged.append(event)
    return merged


def is_last(event: Event) -> bool:
    """Whether a stream ends with `event`."""
    return isinstance(event, Generated | Broken)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
