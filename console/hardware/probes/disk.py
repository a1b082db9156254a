"""The filesystem below a folder, which need not exist yet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from . import Raw, files

NETWORKED = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs")
"""Types on which SQLite's shared-memory journal mode does not work (sqlite.org/wal.html)."""


def probe(root: Path, folder: Path) -> Raw:
    """Room, type and mount of the filesystem that `folder` is, or would be, on.

    Raises:
        OSError: the filesystem does not answer.
    """
    nearest = existing(folder)
    answer: Raw = {"path": str(folder), **room(nearest)._asdict()}
    mount = mount_of(files.text(root / "proc/self/mountinfo") or "", nearest)
    if mount is not None:
        answer.update(mount)
    return answer


def existing(folder: Path) -> Path:
    """`folder`, or the nearest folder above it that exists, links resolved."""
    here = folder.expanduser().absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    return here.resolve()


class Room(NamedTuple):
    """Size of a filesystem and what an ordinary user may still write, bytes."""

    total_bytes: int
    free_bytes: int


def room(folder: Path) -> Room:
    """The room on an existing folder's filesystem.

    Raises:
        OSError: the filesystem does not answer.
    """
    if hasattr(os, "statvfs"):
        stat = os.statvfs(folder)
        # f_bavail, not f_bfree: the reserve for root is not ours to write.
        return Room(stat.f_frsize * stat.f_blocks, stat.f_frsize * stat.f_bavail)
    usage = shutil.disk_usage(folder)
    return Room(usage.total, usage.free)


def mount_of(mountinfo: str, folder: Path) -> Raw | None:
    """Type, mount point and flags of the mount that holds `folder`; the last of the longest wins."""
    best: tuple[int, Raw] | None = None
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if len(fields) < 6 or len(tail) < 3:
            continue
        point = Path(_unescape(fields[4]))
        if folder != point and point not in folder.parents:
            continue
        if best is None or len(point.parts) >= best[0]:
            options = set(fields[5].split(",")) | set(tail[2].split(","))
            best = len(point.parts), _mount(tail[0], point, options)
    return None if best is None else best[1]


def _mount(kind: str, point: Path, options: set[str]) -> Raw:
    return {
        "kind": kind,
        "mount_point": str(point),
        "read_only": "ro" in options,
        "networked": kind in NETWORKED,
    }


def _unescape(name: str) -> str:
    """mountinfo writes space, tab, newline and backslash as octal escapes."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        name = name.replace(code, char)
    return name
