"""Who keeps a device busy: processes by their names, never by their command lines."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.machine import MachineView, ProcessView
from console.tui.figures import of_cent
from console.tui.rows import Row, Span, row, text_fit
from console.tui.store import View
from console.tui.views.devices import Device
from console.tui.views.frame import Frame, framed

PID, LOAD, MEMORY = 9, 7, 9
WITH_PID = 48
"""Cells from which there is room for pids."""
MEBI, GIBI = 2**20, 2**30


def users(device: Device | None, view: View, frame: Frame) -> list[Row]:
    """Who uses the processor, or who holds the chosen GPU's memory."""
    now, wide = view.state.machine, frame.inner_width
    if device is None:
        return framed("Who uses it", [], frame)
    if device.gpu is None:
        return framed("Who uses the processor", _of_processor(now, wide), frame)
    if device.gpu.lost:
        return framed("Who uses this GPU", [row((" ?  it is lost", "dim"))], frame)
    return framed("Who uses this GPU", _of_gpu(device.gpu.processes, wide), frame)


def amount(size: int | None) -> str:
    """Memory of a process: `412 MB`, `1.4 GB` (binary), `?` when not known."""
    if size is None:
        return "?"
    return f"{size / GIBI:.1f} GB" if size >= GIBI else f"{size // MEBI} MB"


def _of_processor(now: MachineView, wide: int) -> list[Row]:
    if not now.processes:
        return [row((" no look at the processes yet", "dim"))]
    pids = PID if wide >= WITH_PID else 0
    name = max(8, wide - 4 - LOAD - MEMORY - pids)
    rows: list[Row] = [
        row((f"   {'NAME':<{name}}{'% CORE':>{LOAD}}{'MEMORY':>{MEMORY}}{_pid_head(pids)}", "dim"))
    ]
    for process in now.processes:
        load = Span(of_cent(process.cpu_percent).rjust(LOAD), "text")
        rows.append((*_named(process, name), load, *_rest(process, pids)))
    return rows


def _of_gpu(processes: Sequence[ProcessView] | None, wide: int) -> list[Row]:
    if processes is None:
        return [row((" ?  its driver does not say", "dim"))]
    if not processes:
        return [row((" nobody holds memory on it", "dim"))]
    pids = PID if wide >= WITH_PID - LOAD else 0
    name = max(8, wide - 4 - MEMORY - pids)
    rows: list[Row] = [row((f"   {'NAME':<{name}}{'MEMORY':>{MEMORY}}{_pid_head(pids)}", "dim"))]
    return [*rows, *((*_named(process, name), *_rest(process, pids)) for process in processes)]


def _pid_head(width: int) -> str:
    return "PID".rjust(width) if width else ""


def _named(process: ProcessView, width: int) -> Row:
    """A process of this node is marked: names are their owners' choice, and may lie."""
    mark = "●" if process.own else " "
    name = text_fit(process.name or "? name not known", width)
    return row((f" {mark} ", "accent"), (name, "strong" if process.own else "text"))


def _rest(process: ProcessView, pids: int) -> Row:
    memory = Span(amount(process.memory_bytes).rjust(MEMORY), "text")
    return (memory, Span(str(process.pid).rjust(pids), "dim")) if pids else (memory,)
