"""Which raw answers can be true: processor, memory, disk. Limits are far outside of any real machine."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .facts import Cpu, Disk, Finding, Memory
from .sanitise import Sieve, clean_text

CORES_MOST = 16384
BYTES_MOST = 2**60
"""An exbibyte: no one machine has that memory or disk."""


def cpu(raw: Mapping[str, object]) -> tuple[Cpu, tuple[Finding, ...]]:
    """The processor; a missing core count is asked of the operating system here."""
    sieve = Sieve(raw)
    logical = sieve.whole("logical_cores", 1, CORES_MOST) or os.cpu_count() or 1
    physical = sieve.whole("physical_cores", 1, CORES_MOST)
    if physical is not None and physical > logical:
        sieve.doubt("physical_cores", physical)
        physical = None
    answer = Cpu(
        model=sieve.text("model") or "unknown",
        architecture=sieve.text("architecture", 32) or "",
        logical_cores=logical,
        physical_cores=physical,
        usable_cores=sieve.number("usable_cores", 0.001, CORES_MOST),
        features=sieve.texts("features"),
        load_1m=sieve.number("load_1m", 0, 1e6),
        load_5m=sieve.number("load_5m", 0, 1e6),
        load_15m=sieve.number("load_15m", 0, 1e6),
        frequency_mhz=sieve.number("frequency_mhz", 1, 20_000),
        temperature_c=sieve.number("temperature_c", -40, 150),
    )
    return answer, doubted("cpu", sieve.doubts)


def memory(raw: Mapping[str, object]) -> tuple[Memory | None, tuple[Finding, ...]]:
    """Memory, the container's limit honoured; None when not even the total can be believed."""
    sieve = Sieve(raw)
    total = sieve.whole("machine_total_bytes", 2**20, BYTES_MOST)
    available = sieve.whole("machine_available_bytes", 0, BYTES_MOST)
    if total is not None and available is not None and available > total:
        sieve.doubt("machine_available_bytes", f"{available} of {total}")
        available = None
    if total is None or available is None:
        return None, doubted("memory", sieve.doubts or ["no total"])
    limit = sieve.whole("container_limit_bytes", 1, BYTES_MOST)
    room = sieve.whole("container_available_bytes", 0, BYTES_MOST)
    answer = Memory(
        total_bytes=total if limit is None else min(total, limit),
        available_bytes=available if room is None else min(available, room),
        machine_total_bytes=total,
        machine_available_bytes=available,
        container_limit_bytes=limit,
        swap_total_bytes=sieve.whole("swap_total_bytes", 0, BYTES_MOST),
        swap_free_bytes=sieve.whole("swap_free_bytes", 0, BYTES_MOST),
    )
    return answer, doubted("memory", sieve.doubts)


def disk(raw: Mapping[str, object]) -> tuple[Disk | None, tuple[Finding, ...]]:
    """One filesystem; None when its size cannot be believed."""
    sieve = Sieve(raw)
    total = sieve.whole("total_bytes", 1, BYTES_MOST)
    free = sieve.whole("free_bytes", 0, BYTES_MOST)
    if total is not None and free is not None and free > total:
        sieve.doubt("free_bytes", f"{free} of {total}")
        free = None
    if total is None or free is None:
        return None, doubted("disk", sieve.doubts or ["no size"])
    answer = Disk(
        path=sieve.text("path", 4096) or "",
        total_bytes=total,
        free_bytes=free,
        kind=sieve.text("kind", 32),
        mount_point=sieve.text("mount_point", 4096),
        read_only=sieve.flag("read_only"),
        networked=sieve.flag("networked"),
    )
    return answer, doubted("disk", sieve.doubts)


def doubted(source: str, doubts: list[str]) -> tuple[Finding, ...]:
    """One finding for all fields of `source` that were left out, or none."""
    if not doubts:
        return ()
    finding = Finding(
        name=f"{source}_answer",
        status="warn",
        seen=clean_text("; ".join(doubts), 400),
        meaning=f"The {source} probe answered what cannot be true; those fields are left blank.",
        remedy="Restart the machine. If it stays, update the driver or the firmware.",
    )
    return (finding,)
