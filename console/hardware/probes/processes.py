"""Who is at work on this machine: name, processor time, memory. Never command lines: they hold secrets."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from . import Raw

PROCESSES_MOST = 20_000
"""Most processes that one look takes in; a machine with more tells of the first ones."""

TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

HOSTS_OWN_NAMESPACE = 0xEFFF_FFFC
"""Inode of the first process namespace (Linux, include/linux/proc_ns.h)."""


def probe(root: Path) -> list[Raw]:
    """Each process as pid, name, start (any unit), seconds of processor time, and resident bytes."""
    if sys.platform.startswith("linux") or root != Path("/"):
        return list(_by_files(root))
    return list(_by_psutil())


def names_are_the_drivers(root: Path) -> bool:
    """Whether the pids that a GPU driver tells are those of `/proc`: not so inside most containers."""
    try:
        return (root / "proc/self/ns/pid").stat().st_ino == HOSTS_OWN_NAMESPACE
    except OSError:
        return not sys.platform.startswith("linux")


def _by_files(root: Path) -> Iterator[Raw]:
    """By one file per process; one that ends meanwhile, or that is another's secret, is left out."""
    seen = 0
    with contextlib.suppress(OSError), os.scandir(root / "proc") as folders:
        for folder in folders:
            if not folder.name.isdigit():
                continue
            seen += 1
            if seen > PROCESSES_MOST:
                return
            found = _stat(f"{folder.path}/stat")
            if found is not None:
                yield found


def _stat(path: str) -> Raw | None:
    """proc(5): `pid (name) state …`; the name may hold blanks and brackets itself."""
    try:
        with open(path, "rb", buffering=0) as handle:  # noqa: PTH123 - a Path each would double the cost
            content = handle.read(4096)
        before, _, after = content.rpartition(b")")
        pid, _, name = before.partition(b"(")
        fields = after.split()
        return {
            "pid": int(pid),
            "name": name.decode("utf-8", "replace"),
            "start": int(fields[19]),
            "cpu_s": (int(fields[11]) + int(fields[12])) / TICKS_PER_S,
            "rss_bytes": int(fields[21]) * PAGE_BYTES,
        }
    except (OSError, ValueError, IndexError):
        return None


def _by_psutil() -> Iterator[Raw]:
    import psutil

    for process in psutil.process_iter(["name", "cpu_times", "memory_info", "create_time"]):
        told = process.info
        times, memory = told["cpu_times"], told["memory_info"]
        yield {
            "pid": process.pid,
            "name": told["name"],
            "start": told["create_time"],
            "cpu_s": None if times is None else times.user + times.system,
            "rss_bytes": None if memory is None else memory.rss,
        }
