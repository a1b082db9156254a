"""The machine of a node, as its clients see it: what it is, and how it feels now. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec


class ProcessView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A process that keeps this machine, or one of its GPUs, busy."""

    pid: int
    name: str
    cpu_percent: int | None = None
    """Of one core, so 200 means two cores."""
    memory_bytes: int | None = None
    """Memory; of the GPU where it stands with a GPU."""
    own: bool = False
    """Whether it belongs to this node: its agent or its engine."""


class GpuView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One accelerator now; None where the driver does not say, never an old number. Histories are kept by
    the reducer, one value per sample at which it was known."""

    name: str
    load_percent: int | None = None
    vram_used_bytes: int | None = None
    vram_total_bytes: int | None = None
    temperature_c: int | None = None
    power_w: int | None = None
    power_limit_w: int | None = None
    fan_percent: int | None = None
    throttle: str | None = ""
    """What holds its clocks back; empty: nothing; None: the driver does not say."""
    lost: bool = False
    clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    driver: str = ""
    processes: tuple[ProcessView, ...] | None = None
    """Who holds memory on it; None: the driver does not say."""
    load_history: tuple[int, ...] = ()
    vram_history: tuple[int, ...] = ()
    """Percent."""
    temperature_history: tuple[int, ...] = ()
    power_history: tuple[int, ...] = ()


class DeviceSaid(msgspec.Struct, frozen=True, omit_defaults=True):
    """One device as the driver, or as the runtime (llama.cpp), names it."""

    name: str
    kind: str = ""
    memory_bytes: int | None = None
    detail: str = ""


class FindingView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something of the machine that deserves a look: what was seen, what it means, what to do."""

    level: Literal["pass", "warn", "fail"]
    name: str
    seen: str
    meaning: str
    remedy: str


class MachineFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this machine is, probed when the agent starts: what the driver sees, what llama.cpp can use."""

    probed_ms: int = 0
    """0: not probed yet."""
    driver_says: tuple[DeviceSaid, ...] = ()
    runtime_says: tuple[DeviceSaid, ...] = ()
    runtime: str = ""
    """Name and version of the runtime."""
    features: tuple[str, ...] = ()
    findings: tuple[FindingView, ...] = ()


class MachineView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The machine now; histories are percent, oldest first."""

    at_ms: int = 0
    cpu_model: str = ""
    cores: int = 0
    cpu_percent: int | None = None
    load_milli: int | None = None
    ram_used_bytes: int | None = None
    ram_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    temperature_c: int | None = None
    gpus: tuple[GpuView, ...] = ()
    cpu_history: tuple[int, ...] = ()
    ram_history: tuple[int, ...] = ()
    gpu_history: tuple[int, ...] = ()
    """Load of the first GPU."""
    temperature_history: tuple[int, ...] = ()
    """Of the processor, °C."""
    frequency_mhz: int | None = None
    swap_used_bytes: int | None = None
    on_battery: bool | None = None
    battery_percent: int | None = None
    processes: tuple[ProcessView, ...] = ()
    """The busiest, and this node's own."""
