"""Room on the disk, and the one error for want of it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.models.errors import ModelError
from console.models.verified import unreadable

MARGIN_PERCENT = 110
"""A file system needs some room besides a file's own bytes."""


def require_room(folder: Path, size_bytes: int) -> None:
    """Refuse to start what would not fit: `size_bytes` and a tenth more must be free in `folder`.

    Raises:
        ModelError: `disk_full`, with both figures.
    """
    needed = size_bytes * MARGIN_PERCENT // 100
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise disk_full(folder, needed, free)


def disk_full(folder: Path, needed: int, free: int) -> ModelError:
    """The error for a full disk; both figures in bytes."""
    return ModelError(
        "disk_full",
        f"The disk of {folder} is too full: {needed:,} bytes are needed, {free:,} are free.",
        "Free some space, or set QUARTERDECK_MODELS to a folder on another disk; nothing was lost.",
    )


@contextmanager
def told_plainly(folder: Path, size_bytes: int) -> Iterator[None]:
    """Turn the system's refusals inside the block into errors for the operator.

    Raises:
        ModelError: `disk_full` or `unreadable`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder, size_bytes, _free(folder)) from error
        raise unreadable(folder, error) from error


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
