"""Small reads of the kernel's text files; a file that is absent or refuses is None."""

from __future__ import annotations

from pathlib import Path

READ_LIMIT = 4 * 2**20
"""Most bytes read of one file; /proc/cpuinfo of 512 cores is about 1 MB."""


def text(path: Path) -> str | None:
    """The file's text without surrounding white space, or None when it cannot be read."""
    try:
        with path.open("rb") as handle:
            return handle.read(READ_LIMIT).decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return None


def whole(path: Path) -> int | None:
    """The file's content as an integer (decimal or 0x…), or None when it is not one."""
    content = text(path)
    if not content:
        return None
    try:
        return int(content, 0)
    except ValueError:
        return None


def scaled(path: Path, divisor: float) -> float | None:
    """The file's integer divided by `divisor`, e.g. 1000 for millidegrees."""
    value = whole(path)
    return None if value is None else value / divisor


def entries(folder: Path, pattern: str) -> list[Path]:
    """The folder's matching entries, sorted by name; none when it cannot be listed."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def link_name(path: Path) -> str | None:
    """The last part of what a symbolic link points to, or None."""
    try:
        return path.readlink().name
    except OSError:
        return None
