"""Files that the console writes for its operator: always new ones, readable by the operator alone."""

from __future__ import annotations

import os
from pathlib import Path

NUMBERS = 999
"""So many files of one name are told apart by a number."""


def numbered(path: Path, number: int) -> Path:
    """`x.csv`, `x-2.csv`, `x-3.csv`…"""
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def free_path(path: Path) -> Path:
    """`path`, or the first numbered one that no file has yet."""
    return next((p for n in range(1, NUMBERS) if not os.path.lexists(p := numbered(path, n))), path)


def typed_path(text: str) -> Path:
    """The path that an operator typed; `~` is the home folder, what is not absolute lies there too."""
    try:
        path = Path(text.strip()).expanduser()
    except RuntimeError:
        path = Path(text.strip())
    return path if path.is_absolute() else Path.home() / path


def wrong_with(text: str) -> str:
    """What is wrong with a typed path for a new file; empty: nothing that can be seen beforehand."""
    if not text.strip():
        return "Type where to write it."
    path = typed_path(text)
    if os.path.lexists(path):
        return "There is a file of that name already, and it is never written over. Type another name."
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}. Type one that exists."
    return ""


def save_new(path: Path, text: str) -> Path:
    """Write `text` as UTF-8 to a new file at `path`, or beside it under the next free number; and where.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    for number in range(1, NUMBERS):
        there = numbered(path, number)
        try:
            handle = os.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
        except OSError:
            there.unlink(missing_ok=True)
            raise
        return there
    raise FileExistsError(f"{NUMBERS} files are called like {path}")
