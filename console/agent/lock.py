"""One agent per home: a lock that the kernel gives back when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from console.agent.trouble import AgentError

FILE = "agent.lock"


class Lock:
    """Held from construction to `release`, or to the end of the process."""

    def __init__(self, home: Path) -> None:
        """Raises AgentError when another agent holds it, or the folder cannot be written."""
        path = home / FILE
        try:
            self._file: IO[str] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        except OSError as error:
            raise AgentError(
                f"The folder {home} cannot be used ({error.strerror}). "
                "Make room and give yourself write access to it, or choose another with --home."
            ) from error
        self._take(home)

    def _take(self, home: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._file.read().strip()
            self._file.close()
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise AgentError(
                f"An agent runs already for {home} ({who}), and one home has one agent. "
                "Attach to it with `quarterdeck`, or end it with `quarterdeck agent stop`."
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give it back; the file stays, since removing it would let two agents in."""
        self._file.close()


def holder(home: Path) -> int | None:
    """Process id of the agent that holds the lock of `home`; None when nobody does."""
    path = home / FILE
    try:
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                text = file.read().strip()
                return int(text) if text.isdigit() else None
            return None
    except OSError:
        return None
