"""One connection to the agent: its socket, or why there is none, and what a client reads and writes there.

No event loop may enter: the commands of the shell do without.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from console.control.wire import (
    LINE_BYTES_LIMIT,
    VERSION,
    Answer,
    Attach,
    Command,
    decode_from_agent,
    encode_line,
)
from console.settings.paths import data_dir

READ_BYTES = 64 * 1024
ANSWER_TIMEOUT_S = 10.0
Args = dict[str, str | int]
"""Of a command, by name."""


class NoAgent(Exception):  # noqa: N818
    """No agent listens here; the text says what to do. Commands end with exit code 3."""


def unix_socket() -> socket.socket:
    """Raises NoAgent where the system has none."""
    if not hasattr(socket, "AF_UNIX"):
        raise NoAgent("This system has no Unix sockets; run the agent and the console in WSL.")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def why_not(error: Exception, path: Path) -> str:
    """Why the agent cannot be reached at `path`, and what to do."""
    match error:
        case NoAgent():
            return str(error)
        case FileNotFoundError() | ConnectionRefusedError():
            return f"No agent is running here. Start it with `quarterdeck agent start{_home_words(path)}`."
        case PermissionError():
            return f"The agent's socket {path} belongs to another user. Attach as the user who started it."
        case OSError(strerror=strerror):
            return f"The agent's socket {path} cannot be used ({strerror}). Restart the agent."
    return str(error)


def _home_words(path: Path) -> str:
    """The option that names the home of this socket, where it is not the one in force."""
    if path.name != "agent.sock" or path.parent == data_dir():
        return ""
    import shlex

    return f" --home {shlex.quote(str(path.parent))}"


class Lines:
    """Cuts a stream of bytes into lines, and refuses one that is longer than the protocol allows."""

    def __init__(self, limit: int = LINE_BYTES_LIMIT) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes.

        Raises:
            ValueError: a line exceeds the limit.
        """
        if b"\n" not in data:
            self._rest += data
            lines: list[bytes] = []
        else:
            first, *more = data.split(b"\n")
            lines = [self._rest + first, *more[:-1]]
            self._rest = more[-1]
        if len(self._rest) > self._limit or any(len(line) > self._limit for line in lines):
            raise ValueError("a line is longer than the control protocol allows")
        return lines


def new_id() -> str:
    """For one command."""
    return os.urandom(8).hex()


def question(command: Command, client: str) -> bytes:
    """What one connection sends for one command."""
    return encode_line(Attach(VERSION, client, watch=False)) + encode_line(command)


def find_answer(lines: list[bytes], command_id: str) -> Answer | None:
    """The answer among what came. Raises ValueError and msgspec.MsgspecError."""
    for line in lines:
        message = decode_from_agent(line)
        if isinstance(message, Answer) and message.id == command_id:
            return message
    return None
