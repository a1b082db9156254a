"""The agent's end of the control socket: a snapshot, then deltas, and commands with answers.

Only the user who runs the agent may come in: the socket is 0600 in a 0700 folder and the peer's uid is
checked. Every client has a queue of its own, bounded; one that does not read loses deltas and gets a new
snapshot when it reads again. Nothing a client does, or leaves undone, slows the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from console.control.wire import (
    VERSION,
    Answer,
    Attach,
    Command,
    Delta,
    Hello,
    Snapshot,
    decode_from_client,
    encode_line,
)

QUEUE_LINES = 512
CLIENTS_LIMIT = 64
ANSWERS_LIMIT = 32
"""A client that does not read its answers is not listened to any longer."""
LINE_LIMIT = 64 * 1024
"""Longest line taken from a client, bytes: commands are short."""

Handler = Callable[[Command], Awaitable[Answer]]


class ControlError(Exception):
    """The socket cannot be opened; the text says why and what to do."""


class Source(Protocol):
    """Where the state lives."""

    def snapshot(self) -> Snapshot:
        """The state now."""
        ...

    def listen(self, listener: Callable[[Delta], None]) -> Callable[[], None]:
        """Hear every delta from now on; what is returned ends that."""
        ...


class ControlServer:
    """Serves one agent's state and commands on a Unix socket."""

    def __init__(self, path: Path, source: Source, handler: Handler, software: str) -> None:
        """`handler` answers commands; `software` is told in Hello."""
        self._path = path
        self._source = source
        self._handler = handler
        self._hello = encode_line(Hello(VERSION, software, os.getpid()))
        self._server: asyncio.Server | None = None
        self._clients: dict[_Client, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Open the socket; one left over by a dead agent is replaced. Raises ControlError."""
        if _answers(self._path):
            raise ControlError(
                f"The control socket {self._path} is in use by another process. "
                "End it, or choose another folder with --home."
            )
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._accept, self._path, limit=LINE_LIMIT)
            self._path.chmod(0o600)
        except OSError as error:
            raise ControlError(
                f"The control socket {self._path} cannot be opened ({error.strerror or error}). "
                "Check that its folder can be written, or choose another with --home."
            ) from error

    async def close(self) -> None:
        """Give clients a moment to read their last answers, then close everything."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.finish()
        if self._clients:
            await asyncio.wait(self._clients.values(), timeout=1.0)
        for task in self._clients.values():
            task.cancel()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= CLIENTS_LIMIT or not _same_user(writer):
            writer.close()
            return
        client = _Client(reader, writer, self._source, self._handler, self._hello)
        task = asyncio.current_task()
        assert task is not None
        self._clients[client] = task
        try:
            await client.run()
        except asyncio.CancelledError:
            return
        finally:
            del self._clients[client]
            writer.close()


class _Client:
    """One connection: a reader of commands and a writer of what is queued."""

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


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _same_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the peer runs as this user or root. Where the system does not say, the folder decides."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    connection: socket.socket = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    return _uid_allowed(struct.unpack("3i", credentials)[1])


def _uid_allowed(uid: int) -> bool:
    return uid in (os.getuid(), 0)
