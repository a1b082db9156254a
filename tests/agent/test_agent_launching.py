"""Starting by a plan: what is looked at, what the engine is started with, and what the real one gives."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from console.agent.launching import LOCAL_KEY, LlamaLauncher, weights_of
from console.agent.prospect import cards_of, look
from console.engine.launch import EngineLaunch, EngineProcess, wait_ready
from console.engine.plan import Card, Learned, Machine
from console.engine.port import EngineError
from console.hardware.facts import Runtime, RuntimeDevice
from console.settings.config import EngineConfig

QUIET = Machine(logical_cores=2, physical_cores=2, usable_cores=2.0, busy_cores=0.0, ram_free_bytes=8 << 30)


def test_this_machine_is_seen_as_it_is() -> None:
    seen = look(threads=True, gpus=False)
    assert seen.logical_cores == (os.cpu_count() or 1)
    assert seen.ram_free_bytes
    assert seen.busy_cores is not None
    assert 0 <= seen.busy_cores <= seen.logical_cores + 0.5
    assert look(threads=False, gpus=False).busy_cores is None


def test_a_container_is_seen_in_a_recorded_tree(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/cpuinfo").write_text("".join(f"processor\t: {n}\ncore id\t: {n}\n\n" for n in range(8)))
    (tmp_path / "proc/meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "proc/self/mountinfo").write_text("1 2 0:1 / /cg rw - cgroup2 cgroup2 rw\n")
    (tmp_path / "cg").mkdir()
    (tmp_path / "cg/cpu.max").write_text("150000 100000\n")
    (tmp_path / "cg/memory.max").write_text("2000000000\n")
    (tmp_path / "cg/memory.current").write_text("500000000\n")
    seen = look(threads=False, gpus=True, root=tmp_path)
    assert (seen.logical_cores, seen.physical_cores, seen.usable_cores) == (8, 8, 1.5)
    assert seen.ram_free_bytes == 1_500_000_000
    assert seen.cards == ()


def test_only_what_llama_cpp_can_use_is_a_card_with_memory() -> None:
    gpu = RuntimeDevice("CUDA0", "NVIDIA RTX 4090", "gpu", 24 << 30, 22 << 30)
    cpu = RuntimeDevice("CPU", "AMD", "cpu", 64 << 30, 60 << 30)
    offload, cards = cards_of(Runtime(True, gpu_offload=True, devices=(gpu, cpu)))
    assert offload
    assert [(card.name, card.free_bytes) for card in cards] == [("NVIDIA RTX 4090", 22 << 30)]
    assert cards_of(Runtime(True, gpu_offload=False, devices=(cpu,))) == (False, (Card("a GPU"),))
    assert cards_of(Runtime(False))[0] is False


class Caught(Exception):  # noqa: N818
    """Instead of a process."""


async def started_with(
    home: Path,
    model: Path,
    config: EngineConfig,
    monkeypatch: pytest.MonkeyPatch,
    learned: Learned | None = None,
) -> EngineLaunch:
    """What a process would have been started with."""
    caught: list[EngineLaunch] = []

    async def start(self: EngineLaunch) -> EngineProcess:
        caught.append(self)
        raise Caught

    monkeypatch.setattr(EngineLaunch, "start", start)
    launcher = LlamaLauncher(home, model, config, lambda **asked: QUIET)
    with pytest.raises(Caught):
        await launcher.launch(learned or Learned())
    return caught[0]


@pytest.mark.model
async def test_the_plan_is_what_the_engine_is_started_with(
    starter_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = await started_with(tmp_path, starter_model, EngineConfig(), monkeypatch)
    assert (launch.context, launch.slots, launch.threads, launch.gpu_layers) == (2048, 8, 2, 0)
    assert (launch.local, launch.local_port, launch.local_key_file) == ("equal", None, None)
    assert not (tmp_path / LOCAL_KEY).exists()
    stepped = await started_with(tmp_path, starter_model, EngineConfig(), monkeypatch, Learned(steps=3))
    assert (stepped.context, stepped.slots) == (512, 4)


@pytest.mark.model
async def test_the_operators_own_programs_get_a_key_that_stays_and_is_theirs_alone(
    starter_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = EngineConfig(local_port=8090, local_priority="first")
    launch = await started_with(tmp_path, starter_model, config, monkeypatch)
    key = tmp_path / LOCAL_KEY
    assert (launch.local, launch.local_port, launch.local_key_file) == ("first", 8090, key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_text()
    assert len(before.strip()) >= 32
    await started_with(tmp_path, starter_model, config, monkeypatch)
    assert key.read_text() == before


async def test_a_model_that_is_none_is_told_before_a_process_starts(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(b"no model")
    with pytest.raises(EngineError, match="not a GGUF model"):
        weights_of(model)
    launcher = LlamaLauncher(tmp_path, model, EngineConfig(), lambda **asked: QUIET)
    with pytest.raises(EngineError, match="not a GGUF model"):
        await launcher.launch(Learned())


@pytest.mark.model
async def test_the_real_engine_starts_as_planned_and_is_proved(starter_model: Path, tmp_path: Path) -> None:
    config = EngineConfig(context=512, threads=1, gpu_layers=0, slots=2)
    launcher = LlamaLauncher(tmp_path, starter_model, config)
    process = await launcher.launch(Learned())
    try:
        health = await wait_ready(launcher.engine, process._process, 60)
        assert health.slots == 2
        assert health.model is not None
        assert health.model.context == 512
        proof = await launcher.prove()
        assert proof.milli_tokens_per_s > 0
        assert (proof.slots, proof.starved) == (0, "")
        plan = launcher.plan
        assert plan is not None
        assert health.rss_bytes < plan.ram_bytes
    finally:
        await process.stop()


@pytest.mark.model
@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
async def test_a_real_engine_without_memory_steps_down_until_it_fits(
    starter_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a limit that eight slots of 8,192 tokens break and the smallest start does not."""
    from console.agent.clock import now_ms
    from console.agent.supervision.happenings import Limits
    from console.agent.supervision.supervisor import Supervisor

    command = EngineLaunch.command

    def limited(self: EngineLaunch) -> tuple[str, ...]:
        words = " ".join(f"'{word}'" for word in command(self))
        return ("/bin/sh", "-c", f"ulimit -v 1500000; exec {words}")

    monkeypatch.setattr(EngineLaunch, "command", limited)
    monkeypatch.setattr("console.agent.supervision.setbacks.FIRST_BACKOFF_S", 0)
    config = EngineConfig(context=8192, threads=1, gpu_layers=0, slots=8)
    launcher = LlamaLauncher(tmp_path, starter_model, config)
    supervisor = Supervisor(launcher, Limits(), now_ms)
    told: list[str] = []
    supervisor.on_change = lambda old, new: told.append(new.sentence)
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(120):
            await supervisor.ready.wait()
        plan = supervisor.plan
        assert plan is not None
        assert 1 <= len(plan.taken) < 8
        assert plan.context < 8192
        assert supervisor.supervised.failures == 0
        steps = [sentence for sentence in told if sentence.startswith("Memory ran out.")]
        assert len(steps) == len(plan.taken)
        assert "a context of 4,096 tokens instead of 8,192" in steps[0]
    finally:
        running.cancel()
        await supervisor.close()
