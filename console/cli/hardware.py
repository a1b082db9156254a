"""`quarterdeck hardware`: what this machine is; what drivers see beside what llama.cpp can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from console.hardware.facts import Cpu, Disk, Gpu, HardwareReport, Memory, Runtime

UNKNOWN = "not known"


def gather() -> HardwareReport:
    """Look at the machine, with the data folder's and the models' filesystems."""
    from console.hardware.report import gather as gather_report
    from console.settings import paths

    return gather_report(list(dict.fromkeys((paths.data_dir(), paths.models_dir()))))


def answer_console() -> Console:
    """A rich console on stdout; where that speaks ASCII, tables are drawn with ASCII."""
    from rich.console import Console

    return Console(highlight=False)


def show(report: HardwareReport, console: Console) -> None:
    """The report for people. Strings of drivers are data: they are printed as text, never as markup."""
    console.print(machine_table(report))
    console.print(device_table(report))
    if not report.gpus and not report.runtime.gpus():
        console.print("No GPU: models run on the processor.", markup=False)
    arrow = "->" if console.options.ascii_only else "→"
    for finding in report.findings:
        console.print(
            f"\n{finding.status}: {finding.seen}\n  {finding.meaning}\n  {arrow} {finding.remedy}",
            markup=False,
        )


def machine_table(report: HardwareReport) -> Table:
    """Processor, memory and disks."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = [*cpu_rows(report.cpu), ("Memory", memory_words(report.memory))]
    rows += [("Disk", disk_words(disk)) for disk in report.disks]
    rows.append(("llama.cpp", runtime_words(report.runtime)))
    for name, words in rows:
        table.add_row(Text(name, style="bold"), Text(words))
    return table


def cpu_rows(cpu: Cpu) -> list[tuple[str, str]]:
    """Model, cores, load and instruction sets."""
    physical = UNKNOWN if cpu.physical_cores is None else str(cpu.physical_cores)
    cores = f"{physical} physical, {cpu.logical_cores} logical"
    if cpu.usable_cores is not None and cpu.usable_cores < cpu.logical_cores:
        cores += f", {cpu.usable_cores:g} usable here"
    if cpu.temperature_c is not None:
        cores += f", {cpu.temperature_c:.0f} °C"
    load = UNKNOWN if cpu.load_1m is None else f"{cpu.load_1m:.2f} over the last minute"
    features = " ".join(cpu.features) or UNKNOWN
    return [("Processor", cpu.model), ("Cores", cores), ("Load", load), ("Instructions", features)]


def memory_words(memory: Memory | None) -> str:
    """Available and total, and the container's limit where one binds."""
    from console.hardware.checks import size

    if memory is None:
        return UNKNOWN
    words = f"{size(memory.available_bytes)} of {size(memory.total_bytes)} available"
    limited = memory.total_bytes < memory.machine_total_bytes
    return f"{words} (limited by the container)" if limited else words


def disk_words(disk: Disk) -> str:
    """Free and total, type and folder."""
    from console.hardware.checks import size

    words = f"{size(disk.free_bytes)} of {size(disk.total_bytes)} free"
    return f"{words}, {disk.kind or 'type not known'}, {disk.path}"


def runtime_words(runtime: Runtime) -> str:
    """Version and whether the build can use a GPU at all."""
    if not runtime.available:
        return f"not usable: {runtime.problem or 'no answer'}"
    offload = {True: "built for GPUs", False: "built for the processor only", None: "GPU use unknown"}
    return f"llama-cpp-python {runtime.version or UNKNOWN}, {offload[runtime.gpu_offload]}"


def device_table(report: HardwareReport) -> Table:
    """Two columns that need not agree: the driver's GPUs and the runtime's devices."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Devices", title_justify="left")
    for heading in ("What the driver sees", "What this llama.cpp build can use"):
        table.add_column(heading, ratio=1, overflow="fold")
    left = [gpu_words(gpu) for gpu in report.gpus] or ["no GPU"]
    right = runtime_rows(report.runtime)
    for index in range(max(len(left), len(right))):
        cells = (side[index] if index < len(side) else "" for side in (left, right))
        table.add_row(*(Text(cell) for cell in cells))
    return table


def gpu_words(gpu: Gpu) -> str:
    """One GPU in a few lines; what the driver does not tell is left out."""
    from console.hardware.checks import size

    if gpu.state == "lost":
        return f"{gpu.name}\nLOST: the driver does not answer for it"
    used = "" if gpu.vram_used_bytes is None else f"{size(gpu.vram_used_bytes)} of "
    vram = None if gpu.vram_total_bytes is None else f"{used}{size(gpu.vram_total_bytes)} VRAM"
    if gpu.vram_kind == "shared":
        vram = "memory shared with the processor"
    limit = "" if gpu.power_limit_w is None else f" of {gpu.power_limit_w:.0f}"
    lines = (
        (vram, None if gpu.utilisation_percent is None else f"{gpu.utilisation_percent:.0f} % busy"),
        (
            None if gpu.temperature_c is None else f"{gpu.temperature_c:.0f} °C",
            None if gpu.power_w is None else f"{gpu.power_w:.0f}{limit} W",
        ),
        (f"throttled: {', '.join(gpu.throttle)}" if gpu.throttle else None,),
        (
            None if gpu.driver_version is None else f"driver {gpu.driver_version}",
            None if gpu.cuda_version is None else f"CUDA {gpu.cuda_version}",
        ),
    )
    told = [", ".join(part for part in line if part) for line in lines]
    return "\n".join([gpu.name, *(line for line in told if line)])


def runtime_rows(runtime: Runtime) -> list[str]:
    """The runtime's devices, or why there are none to list."""
    from console.hardware.checks import size

    if not runtime.available:
        return ["nothing: llama.cpp cannot be loaded"]
    if runtime.devices is None:
        return ["this build cannot list its devices"]
    rows = []
    for device in runtime.devices:
        total = "" if not device.total_bytes else f", {size(device.total_bytes)}"
        rows.append(f"{device.name}: {device.description}\n{device.kind}{total}")
    return rows or ["no device"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def hardware(as_json: bool) -> None:
    """Show what this machine is, and what the engine can use of it."""
    report = gather()
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    show(report, answer_console())
