"""One device's gauges, each against a fixed scale and with what it did lately."""

from __future__ import annotations

from typing import NamedTuple

from console.control.machine import GpuView, MachineView
from console.tui.charts import ceiling, columns, gauge
from console.tui.figures import gigabytes, of_cent
from console.tui.rows import Role, Row, Span, ends, fit, row, wrap
from console.tui.store import View
from console.tui.views.devices import Device, megahertz, name_of
from console.tui.views.frame import Frame, framed

LABEL, FIGURE, NOTE = 9, 8, 22
CHART_MOST = 120
"""Cells of the widest chart: one for each sample that is kept."""
CHART_ROWS = 16
ABREAST = 96
"""Cells from which two charts stand beside each other."""
UNTOLD = "the driver does not say"
NO_SENSOR = "no sensor can be read, as in most virtual machines"
LOST = (
    "The driver no longer answers for this GPU, so nothing can run on it. Its gauges are blank because old "
    "figures would be lies. Restart the machine; if it comes back, check its power cables, riser and heat."
)


class Gauge(NamedTuple):
    """A figure with its history against 0…`top`; no `value`: not known, for the reason `why`."""

    name: str
    value: int | None
    unit: str
    history: tuple[int, ...] = ()
    top: int = 100
    note: str = ""
    why: str = UNTOLD
    bar: bool = False
    """Drawn as a bar, since it has no history."""

    @property
    def figure(self) -> str:
        """The value with its unit."""
        return "?" if self.value is None else f"{self.value} {self.unit}"


class Detail(NamedTuple):
    """A smaller fact."""

    name: str
    value: str
    role: Role = "text"


NONE: list[Detail] = []


def gauges(device: Device | None, view: View, frame: Frame) -> list[Row]:
    """The chosen device; before there is one, that nothing was read yet."""
    now, wide, high = view.state.machine, frame.inner_width, frame.inner_height
    if device is None:
        return framed("Machine", [row((" no reading yet", "dim"))] if view.known else [], frame)
    title = name_of(device, now)
    if device.gpu is None:
        title += f" · {now.cores} cores" if now.cores else ""
        return framed(title, _drawn(_processor(now), _processor_details(now), wide, high), frame)
    if device.gpu.lost:
        lines = wrap(LOST, wide - 4, 6)
        rows = [row((" ✗ LOST", "bad")), *(row(f"   {line}") for line in lines)]
        return framed(title, rows, frame)
    held = _held_back(device.gpu, wide)
    rows = _drawn(_gpu(device.gpu), _gpu_details(device.gpu), wide, high - len(held))
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


def _drawn(shown: list[Gauge], details: list[Detail], wide: int, high: int) -> list[Row]:
    """Charts as high as there is room for: two abreast where it is wide, else one below the other."""
    known = [item for item in shown if item.value is not None]
    unknown = [_unknown(item, wide) for item in shown if item.value is None]
    pairs = (len(known) + 1) // 2
    room = max(0, high - len(unknown))
    if wide >= ABREAST and pairs and (room - 1) // pairs >= 3:
        if known[-1].bar:
            return [*_grid(known, wide, room // pairs, details), *unknown]
        return [*_grid(known, wide, (room - 1) // pairs), *unknown, *_flow(details, wide)]
    small = [*unknown, *_flow(details, wide)]
    bars = sum(item.bar for item in known)
    each = max(1, min(CHART_ROWS, (high - len(small) - bars) // max(1, len(known) - bars)))
    return [*(line for item in known for line in _strip(item, wide, 1 if item.bar else each)), *small]


def _unknown(item: Gauge, wide: int) -> Row:
    name = (f" {item.name:<{LABEL}}", "dim")
    return fit(row(name, ("?".rjust(FIGURE - 2), "text"), (f"  {item.why}", "dim")), wide)  # type: ignore[arg-type]


def _strip(item: Gauge, wide: int, rows: int) -> list[Row]:
    """Name, figure, chart and note beside each other; a taller chart grows upwards, below an empty row."""
    width = max(0, min(CHART_MOST, wide - 1 - LABEL - FIGURE - NOTE))
    lines = _chart(item, width, max(rows - 1, min(rows, 2)))
    blank = row((" " * (LABEL + FIGURE + 1), "text"))
    above: list[Row] = [(*blank, *line) for line in lines[:-1]]
    head = row((f" {item.name:<{LABEL}}", "dim"), (f"{item.figure:>{FIGURE - 2}}  ", "strong"))
    note = row((f"  {item.note:<{NOTE - 2}}", "dim"))
    return [*((),) * (rows - len(lines)), *above, (*head, *lines[-1], *note)]


def _grid(known: list[Gauge], wide: int, high: int, details: list[Detail] = NONE) -> list[Row]:
    """Blocks of `high` rows, two abreast; below a bar there is room for the small facts."""
    cell = (wide - 3) // 2
    drawn: list[Row] = []
    for first in range(0, len(known), 2):
        blocks = [_block(item, cell, high, details) for item in known[first : first + 2]]
        for index in range(high):
            line: Row = (Span(" ", "text"),)
            for block in blocks:
                line = (*line, *fit(block[index] if index < len(block) else (), cell), Span(" ", "text"))
            drawn.append(line)
    return drawn


def _block(item: Gauge, width: int, high: int, details: list[Detail]) -> list[Row]:
    """Name, figure and note above the chart."""
    name = row((f"{item.name:<{LABEL}}", "dim"), (f"{item.figure:>{FIGURE - 2}}", "strong"))
    head = ends(name, row((f"{item.note} ", "dim")), width)
    if item.bar:
        small = [
            row((f"{detail.name:<{LABEL + 3}}", "dim"), (detail.value, detail.role)) for detail in details
        ]
        return [head, *_chart(item, width - 1, 1), (), *small]
    rows = min(CHART_ROWS, high - 1 - (high > 4))
    return [head, *_chart(item, min(width - 1, CHART_MOST), rows)]


def _chart(item: Gauge, width: int, rows: int) -> list[Row]:
    if item.bar:
        full, rest = gauge(item.value or 0, item.top, width)
        return [(Span(full, "bar"), Span(rest, "track"))]
    return [(Span(line, "bar"),) for line in columns(item.history, width, rows, item.top)]


def _flow(details: list[Detail], wide: int) -> list[Row]:
    """Small facts in as many equal columns as fit; each figure in a place of its own."""
    across = max(1, min(len(details), wide // 26))
    cell = (wide - 1) // across
    rows: list[Row] = []
    for first in range(0, len(details), across):
        line: Row = (Span(" ", "text"),)
        for item in details[first : first + across]:
            line = (*line, *fit(row((f"{item.name} ", "dim"), (item.value, item.role)), cell))
        rows.append(line)
    return rows
