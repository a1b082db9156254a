"""What the agent tells of its machine: gauges in the screen's units, and what the machine is."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from doubles.agent_doubles import BARE_LOOK, RunningAgent

from console.agent import surveyor as surveyor_room
from console.agent.board import Board
from console.agent.machine import AGENT_NAME, HOLDERS_MOST, machine_facts, machine_view
from console.agent.surveyor import Surveyor
from console.control.wire import Command
from console.hardware.checks import Look
from console.hardware.facts import (
    Cpu,
    Finding,
    Gpu,
    GpuProcess,
    HardwareReport,
    MachineSample,
    Memory,
    ProcessSample,
    Runtime,
    RuntimeDevice,
    lost,
)

CPU = Cpu("AMD EPYC", 8, physical_cores=4, usable_cores=2.0)
GPU = Gpu(
    "nvidia", 0, "NVIDIA RTX 4070", "nvml", vram_total_bytes=12 * 2**30, vram_used_bytes=7 * 2**30,
    utilisation_percent=86.6, temperature_c=61.2, power_w=142.4, power_limit_w=200, clock_mhz=2475,
    memory_clock_mhz=10501, fan_percent=46, throttle=("power cap", "thermal (software)"),
    driver_version="580.65.06", cuda_version="13.0",
    processes=(
        GpuProcess(9, 100, "firefox"), GpuProcess(4712, 900, "quarterdeck engine", True), GpuProcess(8),
    ),
)  # fmt: skip
SAMPLE = MachineSample(
    at_s=1.0, cpu_percent=37.6, gpus=(GPU,), gpu_state="live", frequency_mhz=2450.4, swap_used_bytes=5,
    on_battery=True, battery_percent=62.5, processes=(ProcessSample("firefox", 9, 31.4, 7),),
)  # fmt: skip
PROBE = Command("1", "probe_machine")


def test_all_of_a_gpu_is_told() -> None:
    (gpu,) = machine_view(SAMPLE, CPU, 5).gpus
    assert (gpu.clock_mhz, gpu.memory_clock_mhz, gpu.driver) == (2475, 10501, "580.65.06")
    assert (gpu.load_percent, gpu.temperature_c, gpu.power_w, gpu.power_limit_w) == (87, 61, 142, 200)
    assert (gpu.fan_percent, gpu.throttle, gpu.lost) == (46, "power cap, thermal (software)", False)
    assert [(who.pid, who.name, who.memory_bytes, who.own) for who in gpu.processes or ()] == [
        (4712, "quarterdeck engine", 900, True), (9, "firefox", 100, False), (8, "", None, False),
    ]  # fmt: skip


def test_holders_of_a_gpu_are_bounded() -> None:
    crowd = tuple(GpuProcess(pid, pid) for pid in range(1, 60))
    (gpu,) = machine_view(
        msgspec.structs.replace(SAMPLE, gpus=(msgspec.structs.replace(GPU, processes=crowd),)), CPU, 5
    ).gpus
    assert [who.pid for who in gpu.processes or ()] == list(range(59, 59 - HOLDERS_MOST, -1))


def test_what_a_driver_does_not_say_is_not_made_up() -> None:
    silent = Gpu("intel", 0, "Intel GPU", "sysfs")
    (gpu,) = machine_view(msgspec.structs.replace(SAMPLE, gpus=(silent,)), CPU, 5).gpus
    assert gpu.throttle is gpu.processes is gpu.clock_mhz is gpu.load_percent is gpu.power_w is None
    free = msgspec.structs.replace(silent, throttle=(), processes=())
    (gpu,) = machine_view(msgspec.structs.replace(SAMPLE, gpus=(free,)), CPU, 5).gpus
    assert (gpu.throttle, gpu.processes) == ("", ())


def test_a_lost_gpu_has_no_figures_left() -> None:
    (gpu,) = machine_view(msgspec.structs.replace(SAMPLE, gpus=(lost(GPU),)), CPU, 5).gpus
    figures = (gpu.load_percent, gpu.vram_used_bytes, gpu.temperature_c, gpu.power_w, gpu.clock_mhz)
    assert gpu.lost and figures == (None,) * 5
    assert gpu.processes is gpu.throttle is gpu.fan_percent is None


def test_the_machine_itself() -> None:
    view = machine_view(SAMPLE, CPU, 5)
    assert (view.frequency_mhz, view.swap_used_bytes, view.on_battery, view.battery_percent) == (
        2450,
        5,
        True,
        62,
    )
    (process,) = view.processes
    assert (process.pid, process.name, process.cpu_percent, process.memory_bytes, process.own) == (
        9, "firefox", 31, 7, False,
    )  # fmt: skip
    assert not hasattr(process, "command")


def report(**changes: object) -> HardwareReport:
    runtime = Runtime(
        True, version="0.3.36", gpu_offload=False, features=("avx2",),
        devices=(RuntimeDevice("CPU", "AMD EPYC", "cpu", 24 * 2**30),),
    )  # fmt: skip
    whole = HardwareReport(
        1, CPU, Memory(24 * 2**30, 20 * 2**30, 24 * 2**30, 20 * 2**30), (), (GPU,), runtime
    )
    return msgspec.structs.replace(whole, **changes)


def test_driver_and_runtime_stand_side_by_side_with_what_is_wrong_first() -> None:
    found = (
        Finding("gpu_runtime", "warn", "idle", "m", "r"),
        Finding("instruction_sets", "warn", "slow", "m", "r"),
        Finding("gpu_lost", "fail", "gone", "m", "r"),
    )
    facts = machine_facts(Look(report(findings=found), (3, 11), {}), 77)
    assert (
        facts.probed_ms == 77 and facts.runtime == "llama-cpp-python 0.3.36" and facts.features == ("avx2",)
    )
    cpu, gpu = facts.driver_says
    assert (cpu.name, cpu.detail) == ("AMD EPYC", "8 logical, 4 physical cores, 2 usable")
    assert (gpu.name, gpu.memory_bytes, gpu.detail) == (GPU.name, 12 * 2**30, "driver 580.65.06, CUDA 13.0")
    (device,) = facts.runtime_says
    assert (device.name, device.kind, device.detail) == ("CPU", "cpu", "AMD EPYC")
    levels = [finding.level for finding in facts.findings]
    assert levels == sorted(levels, key=["fail", "warn", "pass"].index)
    named = [finding.name for finding in facts.findings]
    assert {"gpu_lost", "gpu_runtime", "instruction_sets", "disk", "threads"} <= set(named)
    assert len(set(named)) == len(named)


def test_the_load_of_a_moment_is_no_fact_but_too_few_cores_are() -> None:
    busy = Look(report(cpu=msgspec.structs.replace(CPU, usable_cores=8.0, load_1m=99.0)), (3, 11), {})
    assert "threads" not in [finding.name for finding in machine_facts(busy, 1).findings]
    few = Look(report(cpu=msgspec.structs.replace(CPU, load_1m=99.0)), (3, 11), {})
    assert ("threads", "warn") in [
        (finding.name, finding.level) for finding in machine_facts(few, 1).findings
    ]


def test_a_runtime_that_is_not_there_says_nothing_and_is_a_finding() -> None:
    broken = Runtime(available=False, problem="ModuleNotFoundError")
    facts = machine_facts(Look(report(runtime=broken, gpus=(lost(GPU),)), (3, 11), {}), 1)
    assert facts.runtime == "" and facts.runtime_says == ()
    assert facts.driver_says[1].detail == "lost: it does not answer"
    assert facts.findings[0].level == "fail"


class Gate:
    """A survey that waits until it is let through; `looks` counts them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.looks = 0
        self.error = error
        self.open = threading.Event()

    def __call__(self, folders: Sequence[Path]) -> Look:
        self.looks += 1
        self.open.wait(20)
        if self.error is not None:
            raise self.error
        return BARE_LOOK


class Heard:
    """Waits for the board's next event of a kind."""

    def __init__(self, board: Board) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        board.listen(lambda delta: self._queue.put_nowait(type(delta.event).__name__))

    async def until(self, kind: str) -> None:
        async with asyncio.timeout(20):
            while await self._queue.get() != kind:
                pass


async def test_the_machine_is_looked_at_when_the_engine_is_up_and_when_asked() -> None:
    board, ready, gate = Board(lambda: 42), asyncio.Event(), Gate()
    heard, surveyor = Heard(board), Surveyor(board, [Path("/")], ready, gate, lambda: 42)
    running = asyncio.create_task(surveyor.run())
    await asyncio.sleep(0)
    assert gate.looks == 0
    ready.set()
    gate.open.set()
    await heard.until("MachineProbed")
    assert board.state.facts.probed_ms == 42 and gate.looks == 1
    gate.open.clear()
    first, second = await surveyor.probe(PROBE), await surveyor.probe(PROBE)
    assert first.ok and "Probing" in first.sentence and second.ok and "already" in second.sentence
    gate.open.set()
    await heard.until("MachineProbed")
    assert gate.looks == 2
    running.cancel()


async def test_who_asks_need_not_wait_for_the_engine() -> None:
    board, gate = Board(lambda: 42), Gate()
    heard, surveyor = Heard(board), Surveyor(board, [], asyncio.Event(), gate, lambda: 42)
    running = asyncio.create_task(surveyor.run())
    gate.open.set()
    await surveyor.probe(PROBE)
    await heard.until("MachineProbed")
    assert gate.looks == 1
    running.cancel()


async def test_an_engine_that_never_comes_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveyor_room, "UP_S", 0.01)
    board, gate = Board(lambda: 42), Gate()
    gate.open.set()
    heard = Heard(board)
    running = asyncio.create_task(Surveyor(board, [], asyncio.Event(), gate, lambda: 42).run())
    await heard.until("MachineProbed")
    running.cancel()


async def test_a_look_that_fails_is_a_note_and_the_next_one_works() -> None:
    board, gate, ready = Board(lambda: 42), Gate(OSError("no fork")), asyncio.Event()
    heard, surveyor = Heard(board), Surveyor(board, [], ready, gate, lambda: 42)
    ready.set()
    gate.open.set()
    running = asyncio.create_task(surveyor.run())
    await heard.until("Noted")
    assert "could not be probed (OSError: no fork)" in board.state.notes[0].text
    gate.error = None
    await surveyor.probe(PROBE)
    await heard.until("MachineProbed")
    running.cancel()


async def test_a_look_that_hangs_does_not_hold_up_the_end() -> None:
    gate, ready = Gate(), asyncio.Event()
    ready.set()
    running = asyncio.create_task(Surveyor(Board(lambda: 42), [], ready, gate, lambda: 42).run())
    while not gate.looks:
        await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({running})
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "survey")
    gate.open.set()


async def test_a_running_agent_tells_itself_and_its_facts(tmp_path: Path) -> None:
    agent = RunningAgent(tmp_path, "")
    await agent.start()
    try:
        await agent.until(lambda state: bool(state.facts.probed_ms and state.machine.processes))
        assert agent.state.facts.driver_says[0].name == "toy"
        own = [process for process in agent.state.machine.processes if process.own]
        assert (AGENT_NAME, os.getpid()) in [(process.name, process.pid) for process in own]
        assert "Probing" in (await agent.link.command("probe_machine")).sentence
    finally:
        await agent.stop()
