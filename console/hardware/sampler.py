"""How the machine feels right now: cheap enough for every two seconds, blocked by no driver."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import psutil
from msgspec import Struct, structs

from .driver_traces import driver_traces
from .facts import Gpu, MachineSample, Memory
from .gauge_link import GaugeLink, Gauges
from .judge import memory as judge_memory
from .probes import cpu as cpu_files
from .probes import disk as disk_files
from .probes import files
from .probes import memory as memory_files
from .slow_look import SlowLook

DISK_S = 0.5
"""How long a sample waits for the filesystem; one on a dead server never answers."""


class Battery(Struct, frozen=True):
    """The battery now; `on_battery` is None where there is none."""

    on_battery: bool | None = None
    percent: float | None = None


class Sampler:
    """Samples this machine. Owned by one task, which calls `sample` and finally `close`.

    Args:
        folder: whose filesystem's room is told; it need not exist yet.
        link: where GPU gauges come from; None decides by whether a GPU driver is loaded.
    """

    def __init__(self, folder: Path, link: GaugeLink | None = None) -> None:
        self._folder = folder
        self._link = link
        self._look_for_gpus = link is None
        self._sensor = cpu_files.temperature_sensor(Path("/"))
        self._watched: dict[str, int] = {}
        self._slow = SlowLook()
        self._disk: asyncio.Task[tuple[int, int]] | None = None
        psutil.cpu_percent(interval=None)

    def watch(self, name: str, pid: int | None) -> None:
        """Tell process `pid` under `name`, however idle it is, from now on; None or 0 ends that."""
        self._watched.pop(name, None)
        if pid:
            self._watched[name] = pid

    async def sample(self, now_s: float) -> MachineSample:
        """One sample at `now_s` (any steady clock, seconds). Every field is known or None.

        CPU load is the mean since the last sample; the first one covers the time since the start.
        """
        disk, gauges = await asyncio.gather(self._room(), self._gauges(now_s))
        slow = self._slow.at(now_s)
        watched = {pid: name for name, pid in self._watched.items()}
        names = slow.names
        load = os.getloadavg() if hasattr(os, "getloadavg") else (None, None, None)
        memory, battery = _memory(), _battery()
        return MachineSample(
            at_s=now_s,
            cpu_percent=psutil.cpu_percent(interval=None),
            cpu_temperature_c=self._temperature(),
            load_1m=load[0],
            load_5m=load[1],
            load_15m=load[2],
            memory_total_bytes=memory.total_bytes if memory else None,
            memory_available_bytes=memory.available_bytes if memory else None,
            swap_used_bytes=_swap_used(memory),
            frequency_mhz=slow.frequency_mhz,
            disk_total_bytes=disk[0] if disk else None,
            disk_free_bytes=disk[1] if disk else None,
            on_battery=battery.on_battery,
            battery_percent=battery.percent,
            gpu_state=gauges.state,
            gpus=tuple(_with_names(gpu, watched if names else {}, names) for gpu in gauges.gpus),
            processes=slow.busiest(watched),
        )

    async def _gauges(self, now_s: float) -> Gauges:
        if self._link is None and self._look_for_gpus and driver_traces():
            self._link = GaugeLink()
        return Gauges("none") if self._link is None else await self._link.read(now_s)

    async def _room(self) -> tuple[int, int] | None:
        """Total and free bytes, or None while the filesystem does not answer; one thread at most."""
        if self._disk is None:
            self._disk = asyncio.create_task(asyncio.to_thread(_disk, self._folder))
        done, _ = await asyncio.wait({self._disk}, timeout=DISK_S)
        if not done:
            return None
        finished, self._disk = self._disk, None
        return None if finished.exception() is not None else finished.result()

    def _temperature(self) -> float | None:
        value = None if self._sensor is None else files.scaled(self._sensor, 1000)
        return value if value is not None and -40 <= value <= 150 else None

    async def close(self) -> None:
        """End the GPU helper, if one runs."""
        self._slow.close()
        if self._disk is not None:
            self._disk.cancel()
        if self._link is not None:
            await self._link.close()


def _with_names(gpu: Gpu, watched: Mapping[int, str], names: Mapping[int, str]) -> Gpu:
    """The GPU with the names of those who hold its memory, as far as the system tells them."""
    if gpu.processes is None:
        return gpu
    told = tuple(
        structs.replace(
            holder, name=watched.get(holder.pid) or names.get(holder.pid, ""), own=holder.pid in watched
        )
        for holder in gpu.processes
    )
    return structs.replace(gpu, processes=told)


def _swap_used(memory: Memory | None) -> int | None:
    if memory is None or memory.swap_total_bytes is None or memory.swap_free_bytes is None:
        return None
    return max(0, memory.swap_total_bytes - memory.swap_free_bytes)


def _disk(folder: Path) -> tuple[int, int]:
    usage = disk_files.room(disk_files.existing(folder))
    return usage.total_bytes, usage.free_bytes


def _memory() -> Memory | None:
    return judge_memory(memory_files.probe(Path("/")))[0]


def _battery() -> Battery:
    """psutil has no battery call on some systems, and raises on others that have no battery."""
    try:
        state = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError, ValueError):
        return Battery()
    if state is None:
        return Battery()
    percent = float(state.percent)
    plugged = state.power_plugged
    on_battery = None if plugged is None else not plugged
    return Battery(on_battery, percent if 0 <= percent <= 100 else None)
