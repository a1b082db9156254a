"""Child process that lives as long as the sampler: one line asked, one line of GPU gauges answered.

    python -m console.hardware.gauges

Each line read on stdin is answered with `{"gpus": [...]}` on the real stdout; the end of stdin ends it.
NVML is initialised once, because that takes up to seconds; the files of AMD and Intel are read afresh.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .probe import no_core_dump, real_stdout, write_line
from .probes import Raw, amd, intel, nvidia

ROOT = Path("/")


def readers() -> list[Callable[[], list[Raw]]]:
    """How to read each vendor that is here. Called once: a new card needs a new process."""
    found: list[Callable[[], list[Raw]]] = []
    nvml = start_nvml()
    if nvml is not None:
        found.append(lambda: nvidia_rows(nvml))
    if amd.probe(ROOT)["gpus"]:
        found.append(lambda: rows(amd.probe(ROOT)))
    if intel.probe(ROOT, window_s=0)["gpus"]:
        found.append(lambda: rows(intel.probe(ROOT)))
    return found


def start_nvml() -> Any:
    """An initialised NVML, or None where there is none."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except BaseException:
        return None
    return nvml


def nvidia_rows(nvml: Any) -> list[Raw]:
    """All NVIDIA gauges.

    Raises:
        RuntimeError: the driver no longer tells how many cards there are; the process must end, since
            an NVML that lost its driver does not recover.
    """
    answer = nvidia.read(nvml)
    if answer["count"] is None:
        raise RuntimeError("the NVIDIA driver no longer answers")
    return rows(answer)


def rows(answer: Raw) -> list[Raw]:
    """The GPU rows of a probe's answer."""
    found = answer.get("gpus")
    return found if isinstance(found, list) else []


def main() -> int:
    """Answer until stdin ends."""
    stdout = real_stdout()
    no_core_dump()
    asked = readers()
    for line in sys.stdin:
        gpus = [row for read in asked for row in read()]
        write_line(stdout, {"ask": line.strip(), "gpus": gpus})
    return 0


if __name__ == "__main__":
    os._exit(main())
