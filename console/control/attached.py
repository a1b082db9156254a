"""One client that is attached: a reader of its commands, and a writer of what is queued for it.

The queue is bounded: a client that does not read loses deltas, and gets a new snapshot when it reads again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from console.control.wire import (
    VERSION,
    Answer,
    Attach,
    Command,
    Delta,
    Snapshot,
    decode_from_client,
    encode_line,
)

QUEUE_LINES = 512
ANSWERS_LIMIT = 32
"""A client that does not read its answers is not listened to any longer."""

Handler = Callable[[Command], Awaitable[Answer]]


class Source(Protocol):
    """Where the state lives."""

    def snapshot(self) -> Snapshot:
        """The state now."""
        ...

    def listen(self, listener: Callable[[Delta], None]) -> Callable[[], None]:
        """Hear every delta from now on; what is returned ends that."""
        ...


class Attached:
    """A client's connection, at the agent's end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        source: Source,
        handler: Handler,
        hello: bytes,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._source = source
        self._handler = handler
        self._hello = hello
        self._answers: deque[bytes] = deque()
        self._deltas: deque[Delta] = deque()
        self._snapshot_due = False
        self._finishing = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._unlisten: Callable[[], None] | None = None

    async def run(self) -> None:
        """Until either side is through."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._unlisten is not None:
                self._unlisten()
            reading.cancel()
            writing.cancel()
            await asyncio.wait({reading, writing})

    def finish(self) -> None:
        """Write what is queued, then end."""
        self._finishing = True
        self._news.set()

    async def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
            while line := await self._reader.readline():
                message = decode_from_client(line)
                if isinstance(message, Attach):
                    self._attach(message)
                else:
                    self._say(encode_line(await self._answer(message)))
                await self._room.wait()
        self._finishing = True
        self._news.set()
        await asyncio.sleep(1.0)  # the writer ends first, unless the client no longer reads

    def _attach(self, message: Attach) -> None:
        self._say(self._hello)
        if message.version != VERSION:
            self.finish()
            return
        if message.watch:
            self._deltas.clear()
            self._snapshot_due = True
            if self._unlisten is None:
                self._unlisten = self._source.listen(self._hear)
            self._news.set()

    async def _answer(self, command: Command) -> Answer:
        try:
            return await self._handler(command)
        except Exception as error:
            sentence = f"The agent could not do that ({type(error).__name__}). See its log."
            return Answer(command.id, False, sentence)

    def _hear(self, delta: Delta) -> None:
        if self._snapshot_due:
            return  # the snapshot that is still to come holds it
        if len(self._deltas) >= QUEUE_LINES:
            self._deltas.clear()
            self._snapshot_due = True
        else:
            self._deltas.append(delta)
        self._news.set()

    def _say(self, line: bytes) -> None:
        self._answers.append(line)
        if len(self._answers) >= ANSWERS_LIMIT:
            self._room.clear()
        self._news.set()

    async def _write(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line = self._next()
                if line is not None:
                    self._writer.write(line)
                    await self._writer.drain()
                elif self._finishing:
                    return
                else:
                    self._news.clear()
                    await self._news.wait()

    def _next(self) -> bytes | None:
        if self._answers:
            self._room.set()
            return self._answers.popleft()
        if self._snapshot_due:
            self._snapshot_due = False
            return encode_line(self._source.snapshot())
        if not self._deltas:
            return None
        batch = [encode_line(delta) for delta in self._deltas]
        self._deltas.clear()
        return b"".join(batch)
