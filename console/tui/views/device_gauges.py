"""One device's gauges, each against a fixed scale and with what it did lately."""

from __future__ import annotations

from console.control.machine import GpuView, MachineView
from console.tui.charts import ceiling
from console.tui.figures import gigabytes, of_cent
from console.tui.rows import Row, row, wrap
from console.tui.store import View
from console.tui.views.device_charts import UNTOLD, Detail, Gauge, charted
from console.tui.views.devices import Device, megahertz, name_of
from console.tui.views.frame import Frame, framed

NO_SENSOR = "no sensor can be read, as in most virtual machines"
LOST = (
    "The driver no longer answers for this GPU, so nothing can run on it. Its gauges are blank because old "
    "figures would be lies. Restart the machine; if it comes back, check its power cables, riser and heat."
)


def gauges(device: Device | None, view: View, frame: Frame) -> list[Row]:
    """The chosen device; before there is one, that nothing was read yet."""
    now, wide, high = view.state.machine, frame.inner_width, frame.inner_height
    if device is None:
        return framed("Machine", [row((" no reading yet", "dim"))] if view.known else [], frame)
    title = name_of(device, now)
    if device.gpu is None:
        title += f" · {now.cores} cores" if now.cores else ""
        return framed(title, charted(_processor(now), _processor_details(now), wide, high), frame)
    if device.gpu.lost:
        lines = wrap(LOST, wide - 4, 6)
        rows = [row((" ✗ LOST", "bad")), *(row(f"   {line}") for line in lines)]
        return framed(title, rows, frame)
    held = _held_back(device.gpu, wide)
    rows = charted(_gpu(device.gpu), _gpu_details(device.gpu), wide, high - len(held))
    return framed(title, [*rows, *held], frame)


def _share(used: int | None, total: int | None) -> int | None:
    return None if used is None or not total else 100 * used // total


def _processor(now: MachineView) -> list[Gauge]:
    load = "" if now.load_milli is None else f"load {now.load_milli / 1000:.1f}"
    free, total = now.disk_free_bytes, now.disk_total_bytes
    used = None if free is None or total is None else total - free
    return [
        Gauge("Load", now.cpu_percent, "%", now.cpu_history, note=load, why="not read yet"),
        Gauge("Memory", _share(now.ram_used_bytes, now.ram_total_bytes), "%", now.ram_history,
              note=f"{gigabytes(now.ram_used_bytes)} of {gigabytes(now.ram_total_bytes)} GB",
              why="the system does not say"),
        Gauge("Heat", now.temperature_c, "°C", now.temperature_history, note="of 100 °C", why=NO_SENSOR),
        Gauge("Disk", _share(used, total), "%", note=f"{gigabytes(free)} of {gigabytes(total)} GB free",
              why="the filesystem does not answer", bar=True),
    ]  # fmt: skip


def _processor_details(now: MachineView) -> list[Detail]:
    details = [Detail("Clock", megahertz(now.frequency_mhz)), Detail("Swap used", _swap(now.swap_used_bytes))]
    left = "" if now.battery_percent is None else f" {now.battery_percent} %"
    if now.on_battery is not None:
        supply = Detail("Supply", f"battery{left}", "warn") if now.on_battery else Detail("Supply", "mains")
        details.append(supply)
    return details


def _swap(used: int | None) -> str:
    return "none" if used == 0 else f"{gigabytes(used)} GB" if used is not None else "?"


def _gpu(gpu: GpuView) -> list[Gauge]:
    used, total, limit = gpu.vram_used_bytes, gpu.vram_total_bytes, gpu.power_limit_w
    return [
        Gauge("Load", gpu.load_percent, "%", gpu.load_history),
        Gauge("Memory", _share(used, total), "%", gpu.vram_history,
              note=f"{gigabytes(used)} of {gigabytes(total)} GB",
              why=UNTOLD if total is None else f"{UNTOLD} how much of {gigabytes(total)} GB is used"),
        Gauge("Heat", gpu.temperature_c, "°C", gpu.temperature_history, note="of 100 °C"),
        Gauge("Power", gpu.power_w, "W", gpu.power_history, limit or ceiling(gpu.power_history, 100),
              "limit not known" if limit is None else f"limit {limit} W"),
    ]  # fmt: skip


def _gpu_details(gpu: GpuView) -> list[Detail]:
    return [
        Detail("Clock", megahertz(gpu.clock_mhz)),
        Detail("Memory clock", megahertz(gpu.memory_clock_mhz)),
        Detail("Fan", of_cent(gpu.fan_percent)),
    ]


def _held_back(gpu: GpuView, wide: int) -> list[Row]:
    if gpu.throttle is None:
        return [row((" Held back ", "dim"), f"?  {UNTOLD}")]
    if not gpu.throttle:
        return [row((" Held back ", "dim"), ("✓ by nothing", "good"))]
    return [row((" ! Held back by ", "warn"), (line, "warn")) if index == 0 else row(("   " + line, "warn"))
            for index, line in enumerate(wrap(gpu.throttle, max(10, wide - 17), 2))]  # fmt: skip
