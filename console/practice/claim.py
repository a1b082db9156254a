"""Who hosts a run in a folder: a file that the host keeps locked for as long as it lives.

A process id alone would lie after a crash, once the system gives the number to somebody else.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO, Any

from console.practice.crew import CrewError
from console.practice.weights import clear

FILE = "host.pid"


def running(home: Path) -> int | None:
    """Process id of the host of a run in `home`, None when there is none."""
    said = _said(home)
    return said[0] if said else None


def report_of(home: Path) -> Path | None:
    """Where the run in `home` puts its report for the command that leads it; None: no other command does."""
    said = _said(home)
    return said[1] if said else None


def claim(home: Path, report: Path | None = None) -> IO[str]:
    """Make `home` this run's own, emptied of an earlier run; the claim ends when the file is closed.

    `report`: where a command that leads the run looks for its report; None: the host prints it itself.

    Raises:
        CrewError: it is in use, or it holds something that is no practice run.
    """
    if running(home) is not None:
        raise CrewError(f"{home} is in use by another practice run.")
    if home.exists() and any(home.iterdir()) and not (home / FILE).exists():
        raise CrewError(f"{home} holds files that no practice run made. Give --keep a new folder.")
    clear(home)
    home.mkdir(parents=True, mode=0o700)
    file = (home / FILE).open("w", encoding="utf-8")
    if not lock(file):
        raise CrewError(f"{home} is in use by another practice run.")
    file.write(f"{os.getpid()}\n{report or ''}")
    file.flush()
    return file


def _said(home: Path) -> tuple[int, Path | None] | None:
    """Process id and report of a host that lives."""
    try:
        with (home / FILE).open("r", encoding="utf-8") as file:
            if lock(file):
                return None
            pid, _, report = file.read().partition("\n")
            return int(pid or 0), Path(report) if report else None
    except (OSError, ValueError):
        return None


def lock(file: IO[Any]) -> bool:
    """Whether the file is this process's now, until it is closed or the process ends, however that ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
