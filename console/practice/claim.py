"""Who hosts a run in a folder: a file that the host keeps locked for as long as it lives.

A process id alone would lie after a crash, once the system gives the number to somebody else.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from console.practice.crew import CrewError
from console.practice.weights import clear

FILE = "host.pid"


def running(home: Path) -> int | None:
    """Process id of the host of a run in `home`, None when there is none."""
    try:
        with (home / FILE).open("r", encoding="ascii") as file:
            return None if _lock(file) else int(file.read() or 0)
    except (OSError, ValueError):
        return None


def claim(home: Path) -> IO[str]:
    """Make `home` this run's own, emptied of an earlier run; the claim ends when the file is closed.

    Raises:
        CrewError: it is in use, or it holds something that is no practice run.
    """
    if running(home) is not None:
        raise CrewError(f"{home} is in use by another practice run.")
    if home.exists() and any(home.iterdir()) and not (home / FILE).exists():
        raise CrewError(f"{home} holds files that no practice run made. Give --keep a new folder.")
    clear(home)
    home.mkdir(parents=True, mode=0o700)
    file = (home / FILE).open("w", encoding="ascii")
    if not _lock(file):
        raise CrewError(f"{home} is in use by another practice run.")
    file.write(str(os.getpid()))
    file.flush()
    return file


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
