"""One look at the whole machine: all probes at once, each in its own process, judged and compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import compare, judge, judge_gpu, judge_runtime
from .facts import SCHEMA_VERSION, Cpu, Disk, Finding, Gpu, HardwareReport, Memory
from .isolate import Answer, ask, probe_command

TIMEOUTS_S = {
    "cpu": 5.0,
    "memory": 5.0,
    "disk": 5.0,
    "pci": 5.0,
    "nvidia": 15.0,
    "cuda": 15.0,
    "amd": 10.0,
    "intel": 5.0,
    "apple": 15.0,
    "runtime": 30.0,
}
"""Seconds per probe. NVIDIA without persistence mode needs several to wake up; so does a CUDA build."""

GPU_PROBES = ("nvidia", "amd", "intel", "apple")

Asker = Callable[[str, Sequence[str], float], Answer]
"""`isolate.ask`, or a recording of its answers."""


def probe_names(platform: str = sys.platform) -> tuple[str, ...]:
    """The probes that can have an answer on this platform."""
    common = ("cpu", "memory", "nvidia", "cuda", "runtime")
    if platform == "darwin":
        return ("cpu", "memory", "apple", "runtime")
    return (*common, "pci", "amd", "intel") if platform.startswith("linux") else common


def gather(
    folders: Sequence[Path], asker: Asker = ask, scale: float = 1.0, *, calmly: bool = False
) -> HardwareReport:
    """Ask everything at once and judge the answers; takes as long as the slowest probe.

    Args:
        folders: the folders whose filesystems matter; the data folder first. They need not exist.
        asker: how a child is asked; tests hand in recordings.
        scale: stretches all deadlines, for slow machines.
        calmly: one probe after the other in this thread, for a machine that has better things to do.

    Never raises for what a driver does: a probe that fails is a finding.
    """
    names = probe_names()
    jobs = [(name, probe_command(name)) for name in names]
    jobs += [("disk", probe_command("disk", "--folder", str(folder))) for folder in folders]
    limits_s = [TIMEOUTS_S[name] * scale for name, _ in jobs]
    asked = (*zip(*jobs, strict=True), limits_s)
    if calmly:
        answers = list(map(asker, *asked))
    else:
        with ThreadPoolExecutor(max_workers=len(jobs)) as pool:
            answers = list(pool.map(asker, *asked))
    by_name = dict(zip(names, answers, strict=False))
    return assemble(by_name, answers[len(names) :])


def assemble(answers: dict[str, Answer], disk_answers: Sequence[Answer]) -> HardwareReport:
    """The report out of all answers. Pure but for the core count when the CPU probe failed."""
    cpu, cpu_findings = _cpu(_of(answers, "cpu"))
    memory, memory_findings = _memory(_of(answers, "memory"))
    disks, disk_findings = _disks(disk_answers)
    gpus, gpu_findings = _gpus(answers)
    runtime, runtime_findings = judge_runtime.runtime(_of(answers, "runtime"))
    findings = (
        *(f for name, answer in answers.items() if name != "runtime" for f in compare.failed(answer)),
        *cpu_findings,
        *memory_findings,
        *disk_findings,
        *gpu_findings,
        *runtime_findings,
        *compare.driver_and_runtime(gpus, runtime),
        *compare.instruction_sets(cpu, runtime),
    )
    return HardwareReport(SCHEMA_VERSION, cpu, memory, disks, gpus, runtime, findings)


def _of(answers: dict[str, Answer], name: str) -> Answer:
    return answers.get(name) or Answer(name)


def _cpu(answer: Answer) -> tuple[Cpu, tuple[Finding, ...]]:
    return judge.cpu(answer.facts or {})


def _memory(answer: Answer) -> tuple[Memory | None, tuple[Finding, ...]]:
    return judge.memory(answer.facts) if answer.facts is not None else (None, ())


def _disks(answers: Sequence[Answer]) -> tuple[tuple[Disk, ...], tuple[Finding, ...]]:
    disks: list[Disk] = []
    mounts: set[str | None] = set()
    findings: list[Finding] = []
    for answer in answers:
        findings.extend(compare.failed(answer))
        if answer.facts is None:
            continue
        disk, doubts = judge.disk(answer.facts)
        findings.extend(doubts)
        # Data and models mostly share a filesystem; told twice, it would look like twice the room.
        if disk is not None and (disk.mount_point is None or disk.mount_point not in mounts):
            disks.append(disk)
            mounts.add(disk.mount_point)
    return tuple(disks), tuple(findings)


def _gpus(answers: dict[str, Answer]) -> tuple[tuple[Gpu, ...], tuple[Finding, ...]]:
    gpus: list[Gpu] = []
    findings: list[Finding] = []
    for name in GPU_PROBES:
        found, doubts = judge_gpu.gpus(name, _of(answers, name).facts or {})
        gpus.extend(found)
        findings.extend(doubts)
    findings.extend(compare.nvidia_driver(_of(answers, "nvidia"), _of(answers, "cuda")))
    findings.extend(compare.unclaimed_cards(_of(answers, "pci"), gpus))
    findings.extend(compare.lost_gpus(gpus))
    return tuple(gpus), tuple(findings)
