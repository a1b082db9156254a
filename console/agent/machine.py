"""The machine's gauges as the clients see them."""

from __future__ import annotations

from pathlib import Path

from console.control.state import GpuView, MachineView
from console.hardware import judge
from console.hardware.facts import Cpu, Gpu, MachineSample
from console.hardware.probes import cpu as cpu_probe


def this_cpu() -> Cpu:
    """What processor this is; asked once."""
    return judge.cpu(cpu_probe.probe(Path("/")))[0]


def machine_view(sample: MachineSample, cpu: Cpu, at_ms: int) -> MachineView:
    """`sample` in the units of the screen; unknown stays None."""
    total, available = sample.memory_total_bytes, sample.memory_available_bytes
    used = None if total is None or available is None else total - available
    return MachineView(
        at_ms=at_ms,
        cpu_model=cpu.model,
        cores=cpu.logical_cores,
        cpu_percent=_whole(sample.cpu_percent),
        load_milli=None if sample.load_1m is None else round(sample.load_1m * 1000),
        ram_used_bytes=used,
        ram_total_bytes=total,
        disk_free_bytes=sample.disk_free_bytes,
        disk_total_bytes=sample.disk_total_bytes,
        temperature_c=_whole(sample.cpu_temperature_c),
        gpus=tuple(_gpu(gpu) for gpu in sample.gpus),
    )


def _gpu(gpu: Gpu) -> GpuView:
    return GpuView(
        name=gpu.name,
        load_percent=_whole(gpu.utilisation_percent),
        vram_used_bytes=gpu.vram_used_bytes,
        vram_total_bytes=gpu.vram_total_bytes,
        temperature_c=_whole(gpu.temperature_c),
        power_w=_whole(gpu.power_w),
        power_limit_w=_whole(gpu.power_limit_w),
        fan_percent=_whole(gpu.fan_percent),
        throttle=", ".join(gpu.throttle or ()),
        lost=gpu.state == "lost",
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
