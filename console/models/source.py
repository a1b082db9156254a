"""The port through which weights arrive: whatever the source, `fetching` writes, counts and checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from console.models.hashing import OnProgress, Stage


@dataclass(frozen=True, slots=True)
class Stream:
    """The bytes of a model file from `start` on."""

    start: int
    chunks: Iterator[bytes]


class Source(Protocol):
    """Somewhere a model file can be had.

    `work_dir` is the source's own folder: what it leaves there helps the next attempt after an interruption,
    and is removed when the file has been verified.
    """

    resumable: bool
    """Whether `open` can begin at a later byte than the first."""
    stage: Stage
    """What reading its chunks is called in progress reports."""

    def room_bytes(self, work_dir: Path) -> int:
        """Bytes that the source itself will still take on the disk, besides the model file."""
        ...

    def open(self, work_dir: Path, start: int, progress: OnProgress) -> AbstractContextManager[Stream]:
        """The file's bytes from `start` on, or from 0 if the source cannot do better.

        Raises:
            ModelError: the source cannot be reached or has not got the file.
            OSError: the disk refuses.
        """
        ...

    def discard(self, work_dir: Path) -> None:
        """Forget what was kept in `work_dir`: it led to a wrong file."""
        ...
