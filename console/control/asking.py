"""One question to the agent without an event loop: for commands of the shell."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from console.control.connection import (
    ANSWER_TIMEOUT_S,
    READ_BYTES,
    Args,
    Lines,
    NoAgent,
    find_answer,
    new_id,
    question,
    unix_socket,
    why_not,
)
from console.control.wire import Answer, Command, CommandName


def ask(
    path: Path,
    name: CommandName,
    args: Args | None = None,
    *,
    timeout_s: float = ANSWER_TIMEOUT_S,
    client: str = "cli",
) -> Answer:
    """One command and its answer, without an event loop: for commands of the shell.

    Raises:
        NoAgent: nobody listens on `path`, or no answer came within `timeout_s`.
    """
    command = Command(new_id(), name, args or {})
    ends = time.monotonic() + timeout_s
    try:
        with unix_socket() as sock:
            sock.settimeout(timeout_s)
            sock.connect(str(path))
            sock.sendall(question(command, client))
            lines = Lines()
            while data := sock.recv(READ_BYTES):
                answer = find_answer(lines.feed(data), command.id)
                if answer is not None:
                    return answer
                sock.settimeout(max(0.001, ends - time.monotonic()))
    except TimeoutError as error:
        raise NoAgent(f"The agent gave no answer within {timeout_s:.0f} s. Try again.") from error
    except OSError as error:
        raise NoAgent(why_not(error, path)) from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise NoAgent(f"The agent's answer is not understood ({error}).") from error
    raise NoAgent("The agent closed the connection before it answered. See its log.")
