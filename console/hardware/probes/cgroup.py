"""A container's limits, cgroup versions 1 and 2: every level above the process counts, the least wins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import files

UNLIMITED_BYTES = 2**60
"""Limits at or above this are version 1's way to say none (it writes 2**63 rounded to pages)."""


class Headroom(NamedTuple):
    """A memory limit and what is left below it, bytes."""

    limit_bytes: int
    available_bytes: int


class _Mount(NamedTuple):
    point: Path
    origin: str
    kind: str
    options: frozenset[str]


def memory(root: Path) -> Headroom | None:
    """The tightest memory limit over this process, and the least room left at any level."""
    asked = (_memory_at(folder, version) for folder, version in _levels(root, "memory"))
    levels = [level for level in asked if level is not None]
    if not levels:
        return None
    least = min(level.available_bytes for level in levels)
    return Headroom(min(level.limit_bytes for level in levels), least)


def _memory_at(folder: Path, version: int) -> Headroom | None:
    limit_name, used_name, cache_name = (
        ("memory.max", "memory.current", "inactive_file")
        if version == 2
        else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    )
    limit = files.whole(folder / limit_name)
    if limit is None or limit >= UNLIMITED_BYTES:
        return None
    used = files.whole(folder / used_name) or 0
    # File pages that nobody uses are given back under pressure, so they are room, not use.
    cache = _stat(files.text(folder / "memory.stat") or "", cache_name)
    return Headroom(limit, max(0, limit - max(0, used - cache)))


def _stat(content: str, key: str) -> int:
    for line in content.splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.isdigit():
            return int(value)
    return 0


def cpu_quota(root: Path) -> float | None:
    """Cores' worth of time that the tightest quota allows, e.g. 1.5, or None without a quota."""
    asked = (_quota_at(folder, version) for folder, version in _levels(root, "cpu"))
    return min((quota for quota in asked if quota is not None), default=None)


def _quota_at(folder: Path, version: int) -> float | None:
    if version == 2:
        words = (files.text(folder / "cpu.max") or "").split()
        if len(words) != 2 or not all(word.isdigit() for word in words):
            return None
        quota, period = int(words[0]), int(words[1])
    else:
        quota = files.whole(folder / "cpu.cfs_quota_us") or 0
        period = files.whole(folder / "cpu.cfs_period_us") or 0
    return quota / period if quota > 0 and period > 0 else None


def _levels(root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    """The process's own group and every one above it, as far as this mount shows them."""
    mounts = _mounts(root)
    for line in (files.text(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        version = 2 if number == "0" and not controllers else 1
        if version == 1 and controller not in controllers.split(","):
            continue
        for mount in mounts:
            if _carries(mount, version, controller):
                yield from ((folder, version) for folder in _ancestors(mount, path))
                break


def _carries(mount: _Mount, version: int, controller: str) -> bool:
    if version == 2:
        return mount.kind == "cgroup2"
    return mount.kind == "cgroup" and controller in mount.options


def _ancestors(mount: _Mount, path: str) -> Iterator[Path]:
    """Folders from the process's group up to the mount point.

    Inside a container the path is the host's, and the mount shows only the container's part of it:
    then the mount point is the group.
    """
    below = path.removeprefix(mount.origin.rstrip("/")) if path.startswith(mount.origin) else path
    folder = mount.point.joinpath(*(part for part in below.split("/") if part and part != ".."))
    if not folder.is_dir():
        folder = mount.point
    while True:
        yield folder
        if folder == mount.point:
            return
        folder = folder.parent


def _mounts(root: Path) -> list[_Mount]:
    found = []
    for line in (files.text(root / "proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if len(fields) > 4 and len(tail) > 2 and tail[0] in ("cgroup", "cgroup2"):
            point = root / fields[4].lstrip("/")
            found.append(_Mount(point, fields[3], tail[0], frozenset(tail[2].split(","))))
    return found
