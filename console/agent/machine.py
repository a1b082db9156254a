"""The machine as the clients see it: its gauges now, and what it is."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import structs

from console.control.machine import DeviceSaid, FindingView, GpuView, MachineFacts, MachineView, ProcessView
from console.hardware import checks, judge
from console.hardware.facts import (
    Cpu,
    Finding,
    Gpu,
    GpuProcess,
    HardwareReport,
    MachineSample,
    ProcessSample,
    RuntimeDevice,
)
from console.hardware.probes import cpu as cpu_probe
from console.hardware.sampler import Sampler

AGENT_NAME = "quarterdeck agent"
ENGINE_NAME = "quarterdeck engine"
HOLDERS_MOST = 8
"""Processes told per GPU, those that hold most."""


def this_cpu() -> Cpu:
    """What processor this is; asked once."""
    return judge.cpu(cpu_probe.probe(Path("/")))[0]


def own_sampler(home: Path) -> Sampler:
    """A sampler that knows this process as the agent; whose engine's process changes, tells it itself."""
    sampler = Sampler(home)
    sampler.watch(AGENT_NAME, os.getpid())
    return sampler


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
        frequency_mhz=_whole(sample.frequency_mhz),
        swap_used_bytes=sample.swap_used_bytes,
        on_battery=sample.on_battery,
        battery_percent=_whole(sample.battery_percent),
        processes=tuple(_process(process) for process in sample.processes),
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
        throttle=None if gpu.throttle is None else ", ".join(gpu.throttle),
        lost=gpu.state == "lost",
        clock_mhz=_whole(gpu.clock_mhz),
        memory_clock_mhz=_whole(gpu.memory_clock_mhz),
        driver=gpu.driver_version or "",
        processes=None if gpu.processes is None else _holders(gpu.processes),
    )


def _holders(processes: tuple[GpuProcess, ...]) -> tuple[ProcessView, ...]:
    most_first = sorted(processes, key=lambda process: (-(process.vram_bytes or 0), process.pid))
    return tuple(
        ProcessView(process.pid, process.name, memory_bytes=process.vram_bytes, own=process.own)
        for process in most_first[:HOLDERS_MOST]
    )


def _process(process: ProcessSample) -> ProcessView:
    return ProcessView(process.pid, process.name, _whole(process.cpu_percent), process.rss_bytes, process.own)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def machine_facts(look: checks.Look, at_ms: int) -> MachineFacts:
    """What a look at the machine, taken at `at_ms`, comes to: what is wrong first."""
    report = look.report
    runtime = report.runtime
    # The load of one moment is no fact about the machine, and mostly this node's own.
    calm = structs.replace(report, cpu=structs.replace(report.cpu, load_1m=None))
    judged = [found for check in checks.CHECKS for found in check(structs.replace(look, report=calm))]
    judged = [finding for finding in judged if (finding.name, finding.status) != ("threads", "pass")]
    told = [finding for finding in report.findings if finding.name not in checks.SPOKEN_FOR]
    order = {"fail": 0, "warn": 1, "pass": 2}
    findings = sorted((*judged, *told), key=lambda finding: order[finding.status])
    return MachineFacts(
        probed_ms=at_ms,
        driver_says=(_processor(report), *(_driver_said(gpu) for gpu in report.gpus)),
        runtime_says=tuple(_runtime_said(device) for device in runtime.devices or ()),
        runtime=f"llama-cpp-python {runtime.version or ''}".strip() if runtime.available else "",
        features=runtime.features,
        findings=tuple(_finding(finding) for finding in findings),
    )


def _processor(report: HardwareReport) -> DeviceSaid:
    cpu, memory = report.cpu, report.memory
    cores = f"{cpu.logical_cores} logical cores"
    if cpu.physical_cores is not None:
        cores = f"{cpu.logical_cores} logical, {cpu.physical_cores} physical cores"
    if cpu.usable_cores is not None and cpu.usable_cores < cpu.logical_cores:
        cores += f", {cpu.usable_cores:g} usable"
    return DeviceSaid(cpu.model, "cpu", None if memory is None else memory.total_bytes, cores)


def _driver_said(gpu: Gpu) -> DeviceSaid:
    versions = (("driver", gpu.driver_version), ("CUDA", gpu.cuda_version))
    detail = ", ".join(f"{word} {version}" for word, version in versions if version)
    if gpu.state == "lost":
        detail = "lost: it does not answer"
    return DeviceSaid(gpu.name, "gpu", gpu.vram_total_bytes, detail)


def _runtime_said(device: RuntimeDevice) -> DeviceSaid:
    return DeviceSaid(device.name, device.kind, device.total_bytes or None, device.description)


def _finding(finding: Finding) -> FindingView:
    return FindingView(finding.status, finding.name, finding.seen, finding.meaning, finding.remedy)
