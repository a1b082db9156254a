"""Memory of the machine and of the container around this process."""

from __future__ import annotations

from pathlib import Path

from . import Raw, cgroup, files


def probe(root: Path) -> Raw:
    """Totals and what is available, bytes, from /proc/meminfo, else from psutil."""
    values = meminfo(files.text(root / "proc/meminfo") or "")
    if "MemTotal" not in values:
        return _by_psutil()
    headroom = cgroup.memory(root)
    available = values.get("MemAvailable", values.get("MemFree", 0) + values.get("Cached", 0))
    return {
        "machine_total_bytes": values["MemTotal"],
        "machine_available_bytes": available,
        "container_limit_bytes": headroom and headroom.limit_bytes,
        "container_available_bytes": headroom and headroom.available_bytes,
        "swap_total_bytes": values.get("SwapTotal"),
        "swap_free_bytes": values.get("SwapFree"),
    }


def meminfo(content: str) -> dict[str, int]:
    """/proc/meminfo as bytes per key; lines that are not `Name: 123 kB` are skipped."""
    values: dict[str, int] = {}
    for line in content.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            values[name.strip()] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return values


def _by_psutil() -> Raw:
    import psutil

    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "machine_total_bytes": memory.total,
        "machine_available_bytes": memory.available,
        "swap_total_bytes": swap.total,
        "swap_free_bytes": swap.free,
    }
