"""Apple's GPU by system_profiler: name, cores, and the memory that it shares with the processor."""

from __future__ import annotations

import json
import platform
import subprocess

from . import Raw


def probe() -> Raw:
    """The Mac's GPUs; none elsewhere.

    Raises:
        OSError, subprocess.SubprocessError, ValueError: the tool is absent, slow or answers no JSON.
    """
    if platform.system() != "Darwin":
        return {"gpus": []}
    command = ["/usr/sbin/system_profiler", "-json", "SPDisplaysDataType"]
    output = subprocess.run(command, capture_output=True, timeout=12, check=True).stdout
    size = ["/usr/sbin/sysctl", "-n", "hw.memsize"]
    memory = subprocess.run(size, capture_output=True, text=True, timeout=3, check=False).stdout
    return read(json.loads(output), int(memory) if memory.strip().isdigit() else None)


def read(profile: object, memory_bytes: int | None) -> Raw:
    """GPUs out of system_profiler's JSON. Apple silicon has unified memory: its total is the Mac's."""
    rows = profile.get("SPDisplaysDataType") if isinstance(profile, dict) else None
    found: list[Raw] = []
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if not isinstance(row, dict):
            continue
        own = "Apple" in str(row.get("spdisplays_vendor", "")) or "sppci_cores" in row
        found.append(
            {
                "vendor": "apple" if own else "unknown",
                "index": index,
                "source": "system_profiler",
                "name": row.get("sppci_model") or row.get("_name"),
                "vram_kind": "shared" if own else "unknown",
                "vram_total_bytes": memory_bytes if own else None,
                "driver_version": row.get("spdisplays_mtlgpufamilysupport"),
            }
        )
    return {"gpus": found}
