"""NVIDIA by NVML (`pynvml`, of the package nvidia-ml-py). Every field is asked for on its own.

Drivers answer NotSupported for a field here and there (laptops: power limit, fan; MIG: utilisation), so
one refusal costs one field. Calls are as in the NVML API reference; memory is in bytes, power in mW.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from . import Raw

TEMPERATURE_GPU = 0
CLOCK_GRAPHICS = 0
CLOCK_MEMORY = 2

THROTTLE_WORDS = {
    0x02: "clocks set by an application",
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x10: "sync boost",
    0x20: "thermal (software)",
    0x40: "thermal (hardware)",
    0x80: "power brake",
    0x100: "display clocks",
}
"""Bits of nvmlClocksEventReasons*. Bit 0x01 is idleness, which is no reason to worry."""

LOST_CODES = (15, 16)
"""NVML_ERROR_GPU_IS_LOST and NVML_ERROR_RESET_REQUIRED: the card needs a reset or a reboot."""


def probe() -> Raw:
    """All NVIDIA GPUs, or `absent` with the reason when NVML cannot be had."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except BaseException as error:
        return {"gpus": [], "absent": describe(error), "absent_code": code_of(error)}
    return read(nvml)


def read(nvml: Any) -> Raw:
    """Every GPU of an initialised NVML, with all fields."""
    shared = versions(nvml)
    count = _ask(nvml.nvmlDeviceGetCount)
    gpus = [one(nvml, index, shared) for index in range(count if isinstance(count, int) else 0)]
    return {**shared, "count": count, "gpus": gpus}


def versions(nvml: Any) -> Raw:
    """Driver version, and the newest CUDA that the driver supports."""
    cuda = _ask(lambda: nvml.nvmlSystemGetCudaDriverVersion_v2())
    return {
        "driver_version": _plain(_ask(lambda: nvml.nvmlSystemGetDriverVersion())),
        "cuda_version": f"{cuda // 1000}.{cuda % 1000 // 10}" if isinstance(cuda, int) else None,
    }


def one(nvml: Any, index: int, shared: Raw) -> Raw:
    """One GPU with all fields; `lost` is true when the driver says that it fell off the bus."""
    base: Raw = {"vendor": "nvidia", "index": index, "source": "nvml", "vram_kind": "dedicated"}
    answer: Raw = {**base, **shared}
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except Exception as error:
        return {**answer, "lost": code_of(error) in LOST_CODES, "problem": describe(error)}
    codes: set[int] = set()
    for name, call in _calls(nvml, handle).items():
        answer[name] = _ask(call, codes)
    memory = _ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle), codes)
    answer["vram_total_bytes"] = getattr(memory, "total", None)
    answer["vram_used_bytes"] = getattr(memory, "used", None)
    answer["lost"] = bool(codes & set(LOST_CODES))
    return answer


def _calls(nvml: Any, handle: Any) -> dict[str, Callable[[], object]]:
    """Field by field: how to ask. Lambdas, because older bindings lack some of the functions."""
    return {
        "name": lambda: _plain(nvml.nvmlDeviceGetName(handle)),
        "uuid": lambda: _plain(nvml.nvmlDeviceGetUUID(handle)),
        "bus_id": lambda: _plain(nvml.nvmlDeviceGetPciInfo(handle).busId),
        "utilisation_percent": lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
        "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(handle, TEMPERATURE_GPU),
        "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
        "power_limit_w": lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000,
        "clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, CLOCK_GRAPHICS),
        "memory_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, CLOCK_MEMORY),
        "fan_percent": lambda: nvml.nvmlDeviceGetFanSpeed(handle),
        "throttle": lambda: _throttle(nvml, handle),
        "processes": lambda: _processes(nvml, handle),
    }


def _throttle(nvml: Any, handle: Any) -> list[str]:
    """Clock event reasons as words; drivers before 535 know them as throttle reasons."""
    newer = getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", None)
    try:
        bits = (newer or nvml.nvmlDeviceGetCurrentClocksThrottleReasons)(handle)
    except Exception:
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
    return [word for bit, word in THROTTLE_WORDS.items() if bits & bit]


def _processes(nvml: Any, handle: Any) -> list[Raw]:
    """Compute and graphics processes; a driver in a container may not tell their memory."""
    found: dict[int, Raw] = {}
    for name in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
        for process in getattr(nvml, name)(handle):
            used = getattr(process, "usedGpuMemory", None)
            found.setdefault(process.pid, {"pid": process.pid, "vram_bytes": used})
    return list(found.values())


def _ask(call: Callable[[], Any], codes: set[int] | None = None) -> Any:
    """The call's answer, or None; a driver's error code is noted in `codes`."""
    try:
        return call()
    except Exception as error:
        if codes is not None:
            codes.add(code_of(error))
        return None


def _plain(value: object) -> str:
    """Older bindings answer bytes, newer ones str."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def code_of(error: BaseException) -> int:
    """NVML's error number, or -1 for anything else."""
    value = getattr(error, "value", -1)
    return value if isinstance(value, int) else -1


def describe(error: BaseException) -> str:
    """An error as `Type: words`."""
    return f"{type(error).__name__}: {error}"
