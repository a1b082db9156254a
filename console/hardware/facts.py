"""The facts of the room: frozen, judged, with units in their names. None means not known, never zero."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

Status = Literal["pass", "warn", "fail"]
DeviceKind = Literal["cpu", "gpu", "igpu", "accel", "unknown"]

SCHEMA_VERSION = 1


class Finding(Struct, frozen=True):
    """One thing worth a reader's attention: what was seen, what it means, what to do next."""

    name: str
    status: Status
    seen: str
    meaning: str
    remedy: str


class Cpu(Struct, frozen=True):
    """The processor. `usable_cores` honours CPU affinity and a container's quota."""

    model: str
    logical_cores: int
    physical_cores: int | None = None
    usable_cores: float | None = None
    architecture: str = ""
    features: tuple[str, ...] = ()
    load_1m: float | None = None
    load_5m: float | None = None
    load_15m: float | None = None
    frequency_mhz: float | None = None
    temperature_c: float | None = None


class Memory(Struct, frozen=True):
    """Memory this process may use: the smaller of the machine's and its container's."""

    total_bytes: int
    available_bytes: int
    machine_total_bytes: int
    machine_available_bytes: int
    container_limit_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_free_bytes: int | None = None


class Disk(Struct, frozen=True):
    """The filesystem that holds `path`; `free_bytes` is what an ordinary user may still write."""

    path: str
    total_bytes: int
    free_bytes: int
    kind: str | None = None
    mount_point: str | None = None
    read_only: bool | None = None
    networked: bool | None = None


class GpuProcess(Struct, frozen=True):
    """A process that holds memory on a GPU, as the driver tells it; `name` is the system's, empty if not
    known."""

    pid: int
    vram_bytes: int | None = None
    name: str = ""
    own: bool = False


class Gpu(Struct, frozen=True):
    """One GPU as its driver sees it. Each field is known on its own; `doubts` names absurd answers."""

    vendor: str
    index: int
    name: str
    source: str
    state: Literal["live", "lost"] = "live"
    uuid: str | None = None
    bus_id: str | None = None
    vram_kind: Literal["dedicated", "shared", "unknown"] = "unknown"
    vram_total_bytes: int | None = None
    vram_used_bytes: int | None = None
    utilisation_percent: float | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    fan_percent: float | None = None
    fan_rpm: float | None = None
    throttle: tuple[str, ...] | None = None
    driver_version: str | None = None
    cuda_version: str | None = None
    processes: tuple[GpuProcess, ...] | None = None
    doubts: tuple[str, ...] = ()


def lost(gpu: Gpu) -> Gpu:
    """The same GPU with blank gauges: an old number shown as a new one is a lie."""
    return structs.replace(
        gpu,
        state="lost",
        vram_used_bytes=None,
        utilisation_percent=None,
        temperature_c=None,
        power_w=None,
        clock_mhz=None,
        memory_clock_mhz=None,
        fan_percent=None,
        fan_rpm=None,
        throttle=None,
        processes=None,
        doubts=(),
    )


class RuntimeDevice(Struct, frozen=True):
    """A device that the llama.cpp build itself lists: what a model can really run on."""

    name: str
    description: str
    kind: DeviceKind
    total_bytes: int | None = None
    free_bytes: int | None = None


class Runtime(Struct, frozen=True):
    """What the installed llama.cpp build says it can use. `devices` is None when it cannot be asked."""

    available: bool
    version: str | None = None
    llama_version: str | None = None
    gpu_offload: bool | None = None
    features: tuple[str, ...] = ()
    devices: tuple[RuntimeDevice, ...] | None = None
    system_info: str = ""
    problem: str | None = None

    def gpus(self) -> tuple[RuntimeDevice, ...]:
        """The devices that are GPUs, integrated ones included."""
        return tuple(d for d in self.devices or () if d.kind in ("gpu", "igpu"))


class HardwareReport(Struct, frozen=True):
    """The whole answer of one look at the machine; `hardware --json` is this, encoded."""

    schema_version: int
    cpu: Cpu
    memory: Memory | None
    disks: tuple[Disk, ...]
    gpus: tuple[Gpu, ...]
    runtime: Runtime
    findings: tuple[Finding, ...] = ()


class ProcessSample(Struct, frozen=True):
    """A process now; `cpu_percent` is of one core, so 200 means two cores busy. `own`: it was watched."""

    name: str
    pid: int
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    own: bool = False


GpuState = Literal["none", "starting", "live", "lost"]


class MachineSample(Struct, frozen=True):
    """How the machine feels at `at_s`, the caller's clock in seconds."""

    at_s: float
    cpu_percent: float | None = None
    cpu_temperature_c: float | None = None
    load_1m: float | None = None
    load_5m: float | None = None
    load_15m: float | None = None
    memory_total_bytes: int | None = None
    memory_available_bytes: int | None = None
    swap_used_bytes: int | None = None
    frequency_mhz: float | None = None
    disk_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    on_battery: bool | None = None
    battery_percent: float | None = None
    gpu_state: GpuState = "none"
    gpus: tuple[Gpu, ...] = ()
    processes: tuple[ProcessSample, ...] = ()
