"""The processor: model, cores, the instruction sets that llama.cpp has kernels for, load, heat."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from . import Raw, cgroup, cpu_other, files

X86_FEATURES = {
    "sse3": "pni",
    "ssse3": "ssse3",
    "avx": "avx",
    "avx2": "avx2",
    "avx_vnni": "avx_vnni",
    "avx512f": "avx512f",
    "avx512bw": "avx512bw",
    "avx512_vbmi": "avx512vbmi",
    "avx512_vnni": "avx512_vnni",
    "avx512_bf16": "avx512_bf16",
    "fma": "fma",
    "f16c": "f16c",
    "bmi2": "bmi2",
    "amx_int8": "amx_int8",
}
"""Our name of a feature: the kernel's flag for it (Linux, arch/x86/include/asm/cpufeatures.h)."""

ARM_FEATURES = {
    "neon": "asimd",
    "fp16": "asimdhp",
    "dotprod": "asimddp",
    "i8mm": "i8mm",
    "bf16": "bf16",
    "sve": "sve",
    "sve2": "sve2",
    "sme": "sme",
}
"""Our name of a feature: the kernel's hwcap for it (Linux, Documentation/arch/arm64/elf_hwcaps)."""

ARM_PARTS = {
    "0xd03": "Cortex-A53",
    "0xd05": "Cortex-A55",
    "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73",
    "0xd0a": "Cortex-A75",
    "0xd0b": "Cortex-A76",
    "0xd0c": "Neoverse-N1",
    "0xd40": "Neoverse-V1",
    "0xd41": "Cortex-A78",
    "0xd44": "Cortex-X1",
    "0xd49": "Neoverse-N2",
    "0xd4f": "Neoverse-V2",
}
"""Part numbers of implementer 0x41 (ARM Ltd), as in the core's technical reference manual."""

CLOCKS_ASKED = 8

SENSORS = ("k10temp", "zenpower", "coretemp", "cpu_thermal", "cpu-thermal", "x86_pkg_temp")


def probe(root: Path) -> Raw:
    """The processor's raw facts; `root` is `/` or a recorded tree (Linux only)."""
    if platform.system() != "Linux" and root == Path("/"):
        return cpu_other.probe()
    info = files.text(root / "proc/cpuinfo") or ""
    blocks = [_fields(block) for block in re.split(r"\n\s*\n", info) if "processor" in block]
    first = blocks[0] if blocks else {}
    load = (files.text(root / "proc/loadavg") or "").split()
    return {
        "model": _model(root, first),
        "architecture": platform.machine(),
        "logical_cores": len(blocks) or os.cpu_count(),
        "physical_cores": _physical(root, blocks),
        "usable_cores": _usable(root, len(blocks)),
        "features": _features(first),
        "load_1m": _number(load, 0),
        "load_5m": _number(load, 1),
        "load_15m": _number(load, 2),
        "frequency_mhz": frequency(root),
        "temperature_c": temperature(root),
    }


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _model(root: Path, first: dict[str, str]) -> str:
    named = first.get("model name") or ARM_PARTS.get(first.get("CPU part", ""))
    board = files.text(root / "proc/device-tree/model")
    parts = [part.replace("\0", "") for part in (named, board) if part]
    return ", ".join(parts) or first.get("Hardware") or platform.processor() or "unknown"


def _features(first: dict[str, str]) -> list[str]:
    x86 = set(first.get("flags", "").split())
    arm = set(first.get("Features", "").split())
    if "neon" in arm:
        arm.add("asimd")
    found = [name for name, flag in X86_FEATURES.items() if flag in x86]
    return found + [name for name, flag in ARM_FEATURES.items() if flag in arm]


def _physical(root: Path, blocks: list[dict[str, str]]) -> int | None:
    """Cores, not threads: from the topology files, else from cpuinfo's core ids."""
    cores = files.entries(root / "sys/devices/system/cpu", "cpu[0-9]*/topology")
    for name in ("core_cpus_list", "thread_siblings_list"):
        siblings = {files.text(core / name) for core in cores} - {None, ""}
        if siblings:
            return len(siblings)
    ids = {(b.get("physical id"), b["core id"]) for b in blocks if "core id" in b}
    return len(ids) or None


def _usable(root: Path, logical: int) -> float | None:
    """Cores this process may use: affinity and the container's CPU quota, whichever is less."""
    counts: list[float] = [float(logical)] if logical else []
    if root == Path("/"):
        counts.append(float(len(os.sched_getaffinity(0))))
    quota = cgroup.cpu_quota(root)
    if quota is not None:
        counts.append(quota)
    return min(counts) if counts else None


def frequency(root: Path) -> float | None:
    """The mean of the cores' clocks now, MHz: of a few of them, since each answer wakes its core up."""
    current = files.entries(root / "sys/devices/system/cpu", "cpu[0-9]*/cpufreq/scaling_cur_freq")
    few = current[:: max(1, len(current) // CLOCKS_ASKED)]
    values = [mhz for path in few if (mhz := files.scaled(path, 1000)) is not None]
    values = values or _told_clocks(files.text(root / "proc/cpuinfo") or "")
    return sum(values) / len(values) if values else None


def _told_clocks(cpuinfo: str) -> list[float]:
    told = (_float(line.partition(":")[2]) for line in cpuinfo.splitlines() if line.startswith("cpu MHz"))
    return [mhz for mhz in told if mhz is not None]


def temperature_sensor(root: Path) -> Path | None:
    """The file whose millidegrees are the processor's, or None (virtual machines have none)."""
    for chip in files.entries(root / "sys/class/hwmon", "hwmon*"):
        if files.text(chip / "name") in SENSORS and (chip / "temp1_input").exists():
            return chip / "temp1_input"
    for zone in files.entries(root / "sys/class/thermal", "thermal_zone*"):
        if files.text(zone / "type") in SENSORS:
            return zone / "temp"
    return None


def temperature(root: Path) -> float | None:
    """The processor's temperature in °C, or None where no sensor can be read."""
    sensor = temperature_sensor(root)
    return None if sensor is None else files.scaled(sensor, 1000)


def _number(words: list[str], index: int) -> float | None:
    return _float(words[index]) if index < len(words) else None


def _float(word: str | None) -> float | None:
    try:
        return None if word is None else float(word)
    except ValueError:
        return None
