"""The processor where there is no /proc: macOS by sysctl, Windows by its feature call."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys

from . import Raw

SYSCTL_FEATURES = {
    "hw.optional.neon": "neon",
    "hw.optional.arm.FEAT_DotProd": "dotprod",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_FP16": "fp16",
    "hw.optional.arm.FEAT_SME": "sme",
    "hw.optional.sse3": "sse3",
    "hw.optional.supplementalsse3": "ssse3",
    "hw.optional.avx1_0": "avx",
    "hw.optional.avx2_0": "avx2",
    "hw.optional.fma": "fma",
    "hw.optional.f16c": "f16c",
    "hw.optional.bmi2": "bmi2",
    "hw.optional.avx512f": "avx512f",
    "hw.optional.avx512bw": "avx512bw",
    "hw.optional.avx512vbmi": "avx512_vbmi",
}

WINDOWS_FEATURES = {13: "sse3", 36: "ssse3", 39: "avx", 40: "avx2", 41: "avx512f", 19: "neon"}
"""PF_* numbers of IsProcessorFeaturePresent (winnt.h) and our names."""


def probe() -> Raw:
    """The processor's raw facts by psutil and the platform's own call."""
    import psutil

    load = os.getloadavg() if hasattr(os, "getloadavg") else (None, None, None)
    answer: Raw = {
        "model": platform.processor() or "unknown",
        "architecture": platform.machine(),
        "logical_cores": psutil.cpu_count(),
        "physical_cores": psutil.cpu_count(logical=False),
        "usable_cores": psutil.cpu_count(),
        "features": [],
        "load_1m": load[0],
        "load_5m": load[1],
        "load_15m": load[2],
    }
    if platform.system() == "Darwin":
        answer.update(from_sysctl(sysctl()))
    else:
        answer["features"] = windows_features()
    with contextlib.suppress(Exception):
        answer["frequency_mhz"] = psutil.cpu_freq().current
    return answer


def sysctl() -> str:
    """The output of `sysctl hw machdep.cpu`.

    Raises:
        OSError, subprocess.SubprocessError: it cannot be run.
    """
    command = ["/usr/sbin/sysctl", "hw", "machdep.cpu"]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout


def from_sysctl(output: str) -> Raw:
    """Model, core counts and features out of sysctl's `key: value` lines."""
    pairs = (line.partition(":") for line in output.splitlines())
    values = {key.strip(): value.strip() for key, _, value in pairs}
    answer: Raw = {"features": [n for k, n in SYSCTL_FEATURES.items() if values.get(k) == "1"]}
    if values.get("machdep.cpu.brand_string"):
        answer["model"] = values["machdep.cpu.brand_string"]
    for key, name in (("hw.physicalcpu", "physical_cores"), ("hw.logicalcpu", "logical_cores")):
        if values.get(key, "").isdigit():
            answer[name] = int(values[key])
    return answer


def windows_features() -> list[str]:
    """Features that Windows confirms; empty elsewhere."""
    if sys.platform != "win32":
        return []
    import ctypes

    present = ctypes.windll.kernel32.IsProcessorFeaturePresent
    return [name for number, name in WINDOWS_FEATURES.items() if present(number)]
