"""The devices of a machine, one a line: its GPUs, then its processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from console.control.machine import GpuView, MachineView
from console.tui.charts import sparkline
from console.tui.figures import gigabytes, of_cent
from console.tui.rows import Role, Row, Span, fit, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame, framed

NAME_MOST = 40
TREND_LEAST = 12


class Device(NamedTuple):
    """A GPU, or the processor, which has no `gpu`. `place` tells GPUs of one name apart."""

    place: int
    gpu: GpuView | None


def devices(machine: MachineView) -> tuple[Device, ...]:
    """All that there are; none before the first reading."""
    if not machine.at_ms:
        return ()
    return (*(Device(place, gpu) for place, gpu in enumerate(machine.gpus)), Device(-1, None))


def name_of(device: Device, machine: MachineView) -> str:
    """What it is called, cleaned and bounded; numbered where another is called the same."""
    if device.gpu is None:
        return text_fit(machine.cpu_model or "Processor", NAME_MOST).rstrip()
    name = text_fit(device.gpu.name or "GPU", NAME_MOST).rstrip()
    same = [place for place, gpu in enumerate(machine.gpus) if gpu.name == device.gpu.name]
    return f"{name} #{same.index(device.place) + 1}" if len(same) > 1 and device.place in same else name


def megahertz(value: int | None) -> str:
    """A clock: `2,475 MHz`, `?` when nobody says."""
    return "?" if value is None else f"{value:,} MHz"


def _load(device: Device, now: MachineView) -> str:
    return of_cent(now.cpu_percent if device.gpu is None else device.gpu.load_percent)


def _memory(device: Device, now: MachineView) -> str:
    used, total = now.ram_used_bytes, now.ram_total_bytes
    if device.gpu is not None:
        used, total = device.gpu.vram_used_bytes, device.gpu.vram_total_bytes
    return "?" if used is None and total is None else f"{gigabytes(used)}/{gigabytes(total)} GB"


def _heat(device: Device, now: MachineView) -> str:
    value = now.temperature_c if device.gpu is None else device.gpu.temperature_c
    return "?" if value is None else f"{value} °C"


def _power(device: Device, now: MachineView) -> str:
    gpu = device.gpu
    if gpu is None:
        return "·"
    if gpu.power_w is None:
        return "?"
    return f"{gpu.power_w} W" if gpu.power_limit_w is None else f"{gpu.power_w}/{gpu.power_limit_w} W"


def _fan(device: Device, now: MachineView) -> str:
    return "·" if device.gpu is None else of_cent(device.gpu.fan_percent)


def _clock(device: Device, now: MachineView) -> str:
    return megahertz(now.frequency_mhz if device.gpu is None else device.gpu.clock_mhz)


class Column(NamedTuple):
    """A figure of the list. The first columns stay the longest when it gets narrow."""

    head: str
    width: int
    figure: Callable[[Device, MachineView], str]


COLUMNS = (
    Column("LOAD", 7, _load),
    Column("MEMORY", 13, _memory),
    Column("HEAT", 8, _heat),
    Column("POWER", 11, _power),
    Column("CLOCK", 11, _clock),
    Column("FAN", 6, _fan),
)


def listing(listed: Sequence[Device], view: View, frame: Frame) -> list[Row]:
    """Head, and a line for each device."""
    now, wide = view.state.machine, frame.inner_width
    name_width = min(NAME_MOST, max(16, wide // 4))
    columns, room = [], wide - 3 - name_width
    for column in COLUMNS:
        if column.width <= room:
            columns.append(column)
            room -= column.width
    trend = room - 3 if room - 3 >= TREND_LEAST else 0
    heads = "".join(column.head.rjust(column.width) for column in columns)
    rows: list[Row] = [row((f"   {'DEVICE':<{name_width}}{heads}", "dim"))]
    shown = listed[frame.top : frame.top + max(0, frame.inner_height - 1)]
    for index, device in enumerate(shown, frame.top):
        line = _line(device, now, name_width, columns, trend)
        rows.append(_chosen(line, wide) if index == frame.cursor else line)
    return framed(f"Devices {len(listed)}", rows, frame)


def _line(device: Device, now: MachineView, name: int, columns: Sequence[Column], trend: int) -> Row:
    glyph, ink = _glyph(device)
    head = row(" ", (f"{glyph} ", ink), (text_fit(name_of(device, now), name), "strong"))
    if device.gpu is not None and device.gpu.lost:
        return (*head, *row(("  ", "text"), ("LOST: its driver does not answer", "bad")))
    figures = tuple(Span(column.figure(device, now).rjust(column.width), "text") for column in columns)
    history = now.cpu_history if device.gpu is None else device.gpu.load_history
    return (*head, *figures, *row(("   " if trend else "", "text"), (sparkline(history, trend, 100), "bar")))


def _glyph(device: Device) -> tuple[str, Role]:
    if device.gpu is None:
        return "·", "dim"
    if device.gpu.lost:
        return "✗", "bad"
    return ("!", "warn") if device.gpu.throttle else ("●", "good")


def _chosen(line: Row, width: int) -> Row:
    marked = (Span("▸", "accent"), *line[1:]) if line else line
    return tuple(Span(span.text, "cursor") for span in fit(marked, width))
