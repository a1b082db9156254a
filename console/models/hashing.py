"""SHA-256 of big files, with progress."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

CHUNK_BYTES = 1 << 20

Stage = Literal["waiting", "downloading", "unpacking", "checking"]


class Progress(msgspec.Struct, frozen=True):
    """How far a piece of work on a model file is; `total_bytes` is 0 where it is not known."""

    stage: Stage
    done_bytes: int
    total_bytes: int


OnProgress = Callable[[Progress], None]


def sha256_file(path: Path, progress: OnProgress | None = None) -> str:
    """SHA-256 of the file at `path`, 64 hex digits; about a second for 500 MB.

    Raises:
        OSError: the file cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        total = path.stat().st_size
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(Progress("checking", done, total))
    return digest.hexdigest()
