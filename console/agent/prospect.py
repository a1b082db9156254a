"""Looks at the machine for a launch plan: cores, what others keep busy, free memory, GPUs. Blocks."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil

from console.engine.plan import Card, Machine
from console.hardware import judge, judge_runtime
from console.hardware.facts import Runtime
from console.hardware.isolate import ask, probe_command
from console.hardware.probes import cpu as cpu_probe
from console.hardware.probes import memory as memory_probe
from console.hardware.report import TIMEOUTS_S

LOOK_S = 0.4
"""Over so long it is measured what others keep busy."""
GPU_SIGNS = ("dev/nvidiactl", "dev/kfd", "dev/dri")
"""Device files of which there is one wherever a driver for a GPU is loaded."""


def look(*, threads: bool, gpus: bool, root: Path = Path("/")) -> Machine:
    """The machine now. `threads`: whether they are to be planned, `gpus`: whether GPUs may be used; what
    is not asked for is not looked for."""
    cpu = judge.cpu(cpu_probe.probe(root))[0]
    memory = judge.memory(memory_probe.probe(root))[0]
    offload, cards = _cards(root) if gpus else (False, ())
    return Machine(
        logical_cores=cpu.logical_cores,
        physical_cores=cpu.physical_cores,
        usable_cores=cpu.usable_cores,
        busy_cores=_busy_cores() if threads else None,
        ram_free_bytes=memory.available_bytes if memory is not None else None,
        cards=cards,
        offload=offload,
    )


def _cards(root: Path) -> tuple[bool, tuple[Card, ...]]:
    """Whether llama.cpp can use GPUs, and which: asked of llama.cpp itself, where there may be one at all."""
    if sys.platform != "darwin" and not any((root / sign).exists() for sign in GPU_SIGNS):
        return False, ()
    answer = ask("runtime", probe_command("runtime"), TIMEOUTS_S["runtime"])
    return cards_of(judge_runtime.runtime(answer)[0])


def cards_of(runtime: Runtime) -> tuple[bool, tuple[Card, ...]]:
    """What `runtime` can use; a driver without a runtime for it is a card that cannot be used."""
    cards = tuple(
        Card(
            gpu.description or gpu.name, gpu.free_bytes, shared=gpu.kind == "igpu" or sys.platform == "darwin"
        )
        for gpu in runtime.gpus()
    )
    if runtime.gpu_offload and cards:
        return True, cards
    return False, (Card("a GPU"),)


def _busy_cores() -> float:
    """Cores that everybody but this process keeps busy."""
    own = psutil.Process()
    started, before, mine = time.monotonic(), psutil.cpu_times(), own.cpu_times()
    time.sleep(LOOK_S)
    took, after, now = time.monotonic() - started, psutil.cpu_times(), own.cpu_times()
    busy = _busy_s(after) - _busy_s(before) - (now.user + now.system - mine.user - mine.system)
    return max(0.0, busy / took)


def _busy_s(times: object) -> float:
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return sum(float(getattr(times, name, 0.0)) for name in names)
