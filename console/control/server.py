"""The agent's end of the control socket: a snapshot, then deltas, and commands with answers.

Only the user who runs the agent may come in: the socket is 0600 in a 0700 folder and the peer's uid is
checked. Nothing a client does, or leaves undone, slows the agent: each has a queue of its own, bounded.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from pathlib import Path

from console.control.attached import Attached, Handler, Source
from console.control.wire import VERSION, Hello, encode_line

CLIENTS_LIMIT = 64
LINE_LIMIT = 64 * 1024
"""Longest line taken from a client, bytes: commands are short."""


class ControlError(Exception):
    """The socket cannot be opened; the text says why and what to do."""


class ControlServer:
    """Serves one agent's state and commands on a Unix socket."""

    def __init__(self, path: Path, source: Source, handler: Handler, software: str) -> None:
        """`handler` answers commands; `software` is told in Hello."""
        self._path = path
        self._source = source
        self._handler = handler
        self._hello = encode_line(Hello(VERSION, software, os.getpid()))
        self._server: asyncio.Server | None = None
        self._clients: dict[Attached, asyncio.Task[None]] = {}

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
        client = Attached(reader, writer, self._source, self._handler, self._hello)
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
