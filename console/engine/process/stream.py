"""One generation as it comes: lines of events, cancelled as soon as nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from starlette.types import Receive, Scope, Send

from console.engine.port import Broken, Generated, Tokens
from console.engine.process.sequence import Event
from console.engine.process.wire import BUFFER_BYTES, chunk, transport_of

_encoder = msgspec.json.Encoder()
Encode = Callable[[list[Event]], bytes]


class EventStream:
    """An ASGI response that writes events until the last, and calls `on_gone` when the client leaves.

    `put` is called on the event loop. Once the answer is begun it writes to the connection itself; only its
    end goes through the server again, which then knows that the connection is free.
    """

    def __init__(self, encode: Encode, on_gone: Callable[[], None], media: bytes) -> None:
        """`encode`: events to bytes, none of them empty but for an empty list; `media`: content type."""
        self._encode = encode
        self._on_gone = on_gone
        self._headers = [(b"content-type", media), (b"cache-control", b"no-store")]
        self._pending: list[Event] = []
        self._wake = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def put(self, event: Event) -> None:
        """Take the next event; the last is `Generated` or `Broken`."""
        self._pending.append(event)
        transport = self._transport
        if transport is None or is_last(event):
            self._wake.set()
        elif transport.get_write_buffer_size() < BUFFER_BYTES and (body := self._taken()):
            transport.write(chunk(body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        writing = asyncio.create_task(self._write(scope, send))
        watching = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((writing, watching), return_when=asyncio.FIRST_COMPLETED)
            finished = writing.done() and not writing.cancelled() and writing.exception() is None
        finally:
            self._transport = None
            for task in (writing, watching):
                task.cancel()
            await asyncio.gather(writing, watching, return_exceptions=True)
        if not finished:
            self._on_gone()

    async def _write(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        more = True
        while more:
            await self._wake.wait()
            self._wake.clear()
            more = not is_last(self._pending[-1])
            await send({"type": "http.response.body", "body": self._taken(), "more_body": more})
            self._transport = transport_of(scope) if more else None

    def _taken(self) -> bytes:
        events, self._pending = merge(self._pending), []
        return self._encode(events)


def ndjson(events: list[Event]) -> bytes:
    """A line of JSON per event."""
    return b"".join([_encoder.encode(event) + b"\n" for event in events])


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
