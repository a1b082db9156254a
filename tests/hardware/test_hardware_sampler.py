"""Live gauges: real numbers while the driver answers, blanks the moment it does not."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from console.hardware import driver_traces, sampler, slow_look
from console.hardware.facts import MachineSample
from console.hardware.gauge_link import BACKOFF_FIRST_S, BACKOFF_LAST_S, RESCAN_S, GaugeLink, Gauges
from console.hardware.probes import processes as process_files
from console.hardware.sampler import Sampler
from console.hardware.slow_look import LOOK_S

GPU = '{"gpus": [{"vendor": "nvidia", "index": 0, "name": "RTX", "uuid": "u", "temperature_c": 61}]}'
PREAMBLE = f"import sys, os, threading\nGPU = {GPU!r}\ndef say(x): print(x, flush=True)\n"
STEADY = PREAMBLE + "for line in sys.stdin: say(GPU)"
ONE_THEN_HANG = PREAMBLE + "sys.stdin.readline(); say(GPU); sys.stdin.readline(); threading.Event().wait()"
ONE_THEN_ABORT = PREAMBLE + "sys.stdin.readline(); say(GPU); sys.stdin.readline(); os.abort()"
ONE_THEN_GARBAGE = PREAMBLE + "sys.stdin.readline(); say(GPU); sys.stdin.readline(); say('old values')"
NONE_HERE = PREAMBLE + "for line in sys.stdin: say('{\"gpus\": []}')"


def link(code: str, reading_s: float = 30.0, start_s: float = 60.0) -> GaugeLink:
    return GaugeLink((sys.executable, "-c", code), reading_s=reading_s, start_s=start_s)


async def until_answered(found: GaugeLink, now_s: float) -> Gauges:
    """Read until the child's start is over; a busy machine may need several deadlines."""
    gauges = await found.read(now_s)
    while gauges.state == "starting":
        gauges = await found.read(now_s)
    return gauges


async def test_a_steady_driver_is_live() -> None:
    found = link(STEADY)
    first = await found.read(0.0)
    again = await found.read(2.0)
    assert first == again
    assert (again.state, again.gpus[0].temperature_c) == ("live", 61)
    assert found.running
    await found.close()
    assert not found.running


@pytest.mark.parametrize(
    "code", [ONE_THEN_HANG, ONE_THEN_ABORT, ONE_THEN_GARBAGE], ids=["hang", "abort", "garbage"]
)
async def test_a_driver_that_stops_answering_is_lost_and_its_numbers_go(code: str) -> None:
    found = link(code, reading_s=2.0)
    assert (await until_answered(found, 0.0)).state == "live"
    gone = await found.read(2.0)
    assert gone.state == "lost"
    assert (gone.gpus[0].name, gone.gpus[0].state, gone.gpus[0].temperature_c) == ("RTX", "lost", None)
    assert not found.running
    still = await found.read(2.0 + BACKOFF_FIRST_S / 2)
    assert still == gone
    assert not found.running
    await found.close()


async def test_a_lost_driver_is_asked_again_after_the_pause() -> None:
    found = link(ONE_THEN_ABORT)
    assert (await found.read(0.0)).state == "live"
    assert (await found.read(2.0)).state == "lost"
    assert found._ending is not None
    await found._ending
    back = await until_answered(found, 2.0 + BACKOFF_FIRST_S)
    assert (back.state, back.gpus[0].temperature_c) == ("live", 61)
    await found.close()


async def test_pauses_grow_to_their_limit_while_nothing_answers() -> None:
    found = GaugeLink(("/nonexistent/program",))
    now_s, pauses = 0.0, []
    for _ in range(11):
        await found.read(now_s)
        pauses.append(found._next_start_s - now_s)
        now_s = found._next_start_s
    assert pauses[:3] == [BACKOFF_FIRST_S, 4.0, 8.0]
    assert pauses[-1] == BACKOFF_LAST_S
    assert (await found.read(now_s - 1)).gpus == ()


async def test_a_slow_start_is_not_a_loss_and_its_answer_is_collected(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    found = link(PREAMBLE + f"open({str(gate)!r}).read()\nfor line in sys.stdin: say(GPU)", reading_s=0.05)
    assert await found.read(0.0) == Gauges("starting")
    await asyncio.to_thread(gate.write_text, "go")
    assert (await until_answered(found, 2.0)).state == "live"
    await found.close()


async def test_a_start_that_never_ends_is_lost() -> None:
    found = link(PREAMBLE + "threading.Event().wait()", reading_s=0.05, start_s=20.0)
    assert (await found.read(0.0)).state == "starting"
    assert (await found.read(21.0)).state == "lost"
    assert not found.running
    await found.close()


async def test_no_gpu_keeps_no_process() -> None:
    found = link(NONE_HERE)
    assert await found.read(0.0) == Gauges("none")
    assert not found.running
    assert await found.read(RESCAN_S - 1) == Gauges("none")
    assert not found.running
    await found.close()


async def test_the_real_helper_finds_no_gpu_or_live_ones() -> None:
    found = GaugeLink(reading_s=60.0)
    gauges = await found.read(0.0)
    assert found.running == (gauges.state == "live")
    assert all(gpu.state == "live" for gpu in gauges.gpus)
    await found.close()


FAKE_NVML = """
class Error(Exception):
    value = 999
calls = 0
def nvmlInit(): print('STRAY')
def nvmlDeviceGetCount():
    global calls
    calls += 1
    if calls > 1: raise Error()
    return 1
def nvmlDeviceGetHandleByIndex(i): return i
def nvmlDeviceGetTemperature(h, kind): return 55
"""


async def test_the_real_helper_ends_when_nvml_loses_its_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pynvml.py").write_text(FAKE_NVML)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = GaugeLink(reading_s=60.0)
    first = await found.read(0.0)
    assert (first.state, first.gpus[0].temperature_c) == ("live", 55)
    assert (await found.read(2.0)).state == "lost"
    await found.close()


async def test_a_sample_of_this_machine(tmp_path: Path) -> None:
    found = Sampler(tmp_path / "not yet")
    sample = await found.sample(12.5)
    assert sample.at_s == 12.5
    assert sample.cpu_percent is not None and 0 <= sample.cpu_percent <= 100
    assert sample.memory_total_bytes is not None and sample.memory_available_bytes is not None
    assert 0 < sample.memory_available_bytes <= sample.memory_total_bytes
    assert sample.disk_free_bytes is not None and sample.disk_free_bytes > 0
    assert sample.swap_used_bytes is None or sample.swap_used_bytes >= 0
    await found.close()


async def looked(found: Sampler, now_s: float) -> MachineSample:
    """The sample after the look at the processes that `now_s` is time for."""
    await found.sample(now_s)
    if found._slow._task is not None:
        await found._slow._task
    return await found.sample(now_s)


async def test_watched_processes_are_told_by_their_names_until_they_end(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    found = Sampler(tmp_path)
    found.watch("agent", os.getpid())
    found.watch("engine", child.pid)
    own = {process.name: process for process in (await looked(found, 0.0)).processes if process.own}
    assert {name: process.pid for name, process in own.items()} == {"agent": os.getpid(), "engine": child.pid}
    assert own["agent"].cpu_percent is None and (own["agent"].rss_bytes or 0) > 0
    own = {process.name: process for process in (await looked(found, 5.0)).processes if process.own}
    load = own["agent"].cpu_percent
    assert load is not None and 0 <= load <= 100 * (os.cpu_count() or 1)
    await child.communicate(b"\n")
    found.watch("agent", 0)
    assert not any(process.own for process in (await looked(found, 10.0)).processes)
    await found.close()


async def test_processes_are_looked_at_now_and_then_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    real = slow_look.look

    def counted(at_s: float) -> slow_look.Look:
        looks.append(at_s)
        return real(at_s)

    monkeypatch.setattr(slow_look, "look", counted)
    found = Sampler(tmp_path)
    for now_s in (0.0, 2.0, 4.0, LOOK_S, LOOK_S + 2):
        await looked(found, now_s)
    assert looks == [0.0, LOOK_S]
    await found.close()


async def test_a_look_that_fails_keeps_what_was_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Sampler(tmp_path)
    before = (await looked(found, 0.0)).processes
    failing = asyncio.Event()

    def broken(at_s: float) -> slow_look.Look:
        failing.set()
        raise OSError("no /proc")

    monkeypatch.setattr(slow_look, "look", broken)
    await found.sample(LOOK_S)
    if found._slow._task is not None:
        await asyncio.wait({found._slow._task})
    assert failing.is_set() and before and (await found.sample(LOOK_S)).processes == before
    await found.close()


HOLDS = (
    '{"gpus": [{"vendor": "nvidia", "index": 0, "name": "RTX", "processes": '
    '[{"pid": %d, "vram_bytes": 5}, {"pid": 4194399, "vram_bytes": 7}]}]}'
)


@pytest.mark.parametrize("hold", [True, False], ids=["same pids", "a container's pids"])
async def test_who_holds_a_gpus_memory_is_named_where_the_pids_are_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hold: bool
) -> None:
    monkeypatch.setattr(process_files, "names_are_the_drivers", lambda root: hold)
    code = PREAMBLE + f"for line in sys.stdin: say({HOLDS % os.getpid()!r})"
    found = Sampler(tmp_path, link(code))
    found.watch("quarterdeck agent", os.getpid())
    sample = await looked(found, 0.0)
    while not sample.gpus:
        sample = await found.sample(0.0)
    holders = [(holder.name, holder.own) for holder in sample.gpus[0].processes or ()]
    assert holders == ([("quarterdeck agent", True), ("", False)] if hold else [("", False), ("", False)])
    await found.close()


async def test_without_a_driver_no_link_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_traces, "TRACES", ())
    monkeypatch.setattr(sys, "platform", "linux")
    found = Sampler(tmp_path)
    assert (await found.sample(0.0)).gpu_state == "none"
    assert found._link is None
    await found.close()


async def test_a_filesystem_that_hangs_blanks_the_disk_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    calls = []

    def stuck(folder: Path) -> tuple[int, int]:
        calls.append(folder)
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
        return (10, 5)

    monkeypatch.setattr(sampler, "_disk", stuck)
    monkeypatch.setattr(sampler, "DISK_S", 0.05)
    found = Sampler(tmp_path)
    samples: list[MachineSample] = [await found.sample(0.0), await found.sample(2.0)]
    assert [s.disk_free_bytes for s in samples] == [None, None]
    assert all(s.memory_total_bytes for s in samples)
    assert len(calls) == 1
    gate.set()
    monkeypatch.setattr(sampler, "DISK_S", 30.0)
    assert (await found.sample(4.0)).disk_free_bytes == 5
    await found.close()
