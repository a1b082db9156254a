"""What a GPU's driver leaves to be seen without asking it anything."""

from __future__ import annotations

import sys
from pathlib import Path

TRACES = (
    "/proc/driver/nvidia/version",
    "/dev/nvidiactl",
    "/dev/dxg",
    "/dev/dri",
    "/sys/class/drm/card0",
    "/sys/class/drm/card1",
)
"""One of these exists on Linux wherever a GPU's driver is loaded (/dev/dxg: Windows' subsystem)."""


def driver_traces() -> bool:
    """Whether it is worth starting a process to look for GPUs at all."""
    if sys.platform.startswith("linux"):
        return any(Path(trace).exists() for trace in TRACES)
    return sys.platform == "win32"
