"""AMD by amdsmi. Importing it without a driver raises KeyError and prints; the caller is a child process."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from . import Raw


def probe() -> Raw:
    """All AMD GPUs that amdsmi lists, or `absent` with the reason."""
    try:
        smi = importlib.import_module("amdsmi")
        smi.amdsmi_init()
        handles = list(smi.amdsmi_get_processor_handles())
    except BaseException as error:
        return {"gpus": [], "absent": f"{type(error).__name__}: {error}"}
    return {"gpus": [one(smi, handle, index) for index, handle in enumerate(handles)]}


def one(smi: Any, handle: Any, index: int) -> Raw:
    """One GPU; amdsmi answers the string N/A for what the driver does not tell."""
    memory = _table(lambda: smi.amdsmi_get_gpu_vram_usage(handle))
    power = _table(lambda: smi.amdsmi_get_power_info(handle))
    asic = _table(lambda: smi.amdsmi_get_gpu_asic_info(handle))
    activity = _table(lambda: smi.amdsmi_get_gpu_activity(handle))
    return {
        "vendor": "amd",
        "index": index,
        "source": "amdsmi",
        "name": asic.get("market_name") or "AMD GPU",
        "uuid": _known(lambda: smi.amdsmi_get_gpu_device_uuid(handle)),
        "bus_id": _known(lambda: smi.amdsmi_get_gpu_device_bdf(handle)),
        "vram_kind": "dedicated",
        "vram_total_bytes": _mebibytes(memory.get("vram_total")),
        "vram_used_bytes": _mebibytes(memory.get("vram_used")),
        "utilisation_percent": activity.get("gfx_activity"),
        "temperature_c": _known(lambda: _edge(smi, handle)),
        "power_w": power.get("average_socket_power") or power.get("current_socket_power"),
    }


def _edge(smi: Any, handle: Any) -> object:
    kind, metric = smi.AmdSmiTemperatureType.EDGE, smi.AmdSmiTemperatureMetric.CURRENT
    return smi.amdsmi_get_temp_metric(handle, kind, metric)


def _known(call: Callable[[], object]) -> object:
    try:
        answer = call()
    except Exception:
        return None
    return None if answer == "N/A" else answer


def _table(call: Callable[[], object]) -> Raw:
    answer = _known(call)
    if not isinstance(answer, dict):
        return {}
    return {str(key): value for key, value in answer.items() if value != "N/A"}


def _mebibytes(value: object) -> object:
    return value * 2**20 if isinstance(value, int) else value
