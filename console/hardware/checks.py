"""What `doctor` makes of a hardware report. Pure: each check is a function of what was looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from .facts import Disk, Finding, HardwareReport, Status

MIB = 2**20
GIB = 2**30

MEMORY_NEED_BYTES = 600 * MIB
"""Engine with the 98 MB starter model (208 MB resident, context 2048, two slots), agent and console."""

MEMORY_LEAST_BYTES = 300 * MIB
DISK_NEED_BYTES = 2 * GIB
DISK_LEAST_BYTES = 200 * MIB
"""The starter model with a tenth on top, and room for the journal."""

PYTHON_LEAST = (3, 11)
COMPILERS = ("c++", "g++", "clang++", "cl")
"""Any of these can build llama-cpp-python."""

GPU_FINDINGS = (
    "gpu_runtime",
    "gpu_gauges",
    "gpu_lost",
    "nvidia_driver",
    "nvidia_card",
    "amd_card",
    "cuda",
)
"""Findings of the report that the GPU check speaks for."""


class Look(Struct, frozen=True):
    """Everything the checks judge: gathered once, at the edge."""

    report: HardwareReport
    python: tuple[int, int]
    compilers: Mapping[str, str | None]
    """Program name to path, None when it is not installed."""


Check = Callable[[Look], tuple[Finding, ...]]
"""One concern; answers at least one finding, of status pass when all is well."""


def fine(name: str, seen: str, meaning: str) -> Finding:
    """A check that passed; there is nothing to remedy."""
    return Finding(name, "pass", seen, meaning, "")


def python_version(look: Look) -> tuple[Finding, ...]:
    """Python 3.11 is the oldest that is tested."""
    seen = ".".join(str(part) for part in look.python)
    if look.python >= PYTHON_LEAST:
        return (fine("python", seen, "This Python is supported."),)
    meaning = "Quarterdeck needs Python 3.11 or newer."
    return (Finding("python", "fail", seen, meaning, "Install a newer Python and set up again."),)


def memory(look: Look) -> tuple[Finding, ...]:
    """Room for the starter model, the container's limit honoured."""
    found = look.report.memory
    if found is None:
        meaning = "It is not known whether a model fits into memory."
        remedy = "See the memory probe's finding above or below."
        return (Finding("memory", "warn", "not known", meaning, remedy),)
    seen = f"{size(found.available_bytes)} of {size(found.total_bytes)} available"
    if found.container_limit_bytes is not None:
        seen += f" (the container allows {size(found.container_limit_bytes)})"
    if found.available_bytes >= MEMORY_NEED_BYTES:
        return (fine("memory", seen, "The starter model fits."),)
    meaning = f"The starter model with agent and console wants {size(MEMORY_NEED_BYTES)}."
    remedy = "Close other programs, or raise the container's memory limit."
    status: Status = "fail" if found.available_bytes < MEMORY_LEAST_BYTES else "warn"
    return (Finding("memory", status, seen, meaning, remedy),)


def disk(look: Look) -> tuple[Finding, ...]:
    """Room, write access and the right kind of filesystem, per folder that matters."""
    if not look.report.disks:
        meaning = "The data folder's filesystem does not answer."
        remedy = "Check that the disk or network drive is mounted."
        return (Finding("disk", "fail", "no answer", meaning, remedy),)
    return tuple(finding for found in look.report.disks for finding in _disk(found))


def _disk(found: Disk) -> tuple[Finding, ...]:
    seen = f"{size(found.free_bytes)} of {size(found.total_bytes)} free below {found.path}"
    findings = []
    if found.read_only:
        meaning = "The filesystem is read-only, so nothing can be kept."
        remedy = "Mount it writable, or set QUARTERDECK_HOME to another disk."
        findings.append(Finding("disk", "fail", seen, meaning, remedy))
    if found.networked:
        meaning = f"It is a network filesystem ({found.kind}), on which SQLite's journal can be damaged."
        remedy = "Set QUARTERDECK_HOME to a folder on a local disk."
        findings.append(Finding("disk", "warn", seen, meaning, remedy))
    if found.free_bytes < DISK_NEED_BYTES:
        status: Status = "fail" if found.free_bytes < DISK_LEAST_BYTES else "warn"
        meaning = "Models and the journal need room; a full disk stops the node."
        remedy = f"Free {size(DISK_NEED_BYTES - found.free_bytes)} or more, or use another disk."
        findings.append(Finding("disk", status, seen, meaning, remedy))
    return tuple(findings) or (fine("disk", seen, "There is room for models and the journal."),)


def llama_cpp(look: Look) -> tuple[Finding, ...]:
    """Whether the engine's library loads; the reason and the remedy come from the probe."""
    runtime = look.report.runtime
    broken = tuple(f for f in look.report.findings if f.name == "runtime")
    if not runtime.available:
        meaning = "llama-cpp-python gave no answer."
        remedy = "Run this check again; if it stays, install llama-cpp-python again."
        nothing = Finding("runtime", "fail", runtime.problem or "no answer", meaning, remedy)
        return broken or (nothing,)
    seen = f"llama-cpp-python {runtime.version or '(version unknown)'}"
    return (fine("runtime", seen, "Models can be run on this machine."),)


def compiler(look: Look) -> tuple[Finding, ...]:
    """A compiler matters only as long as llama-cpp-python has still to be built."""
    present = [name for name, path in look.compilers.items() if path]
    seen = ", ".join(present) or "none found"
    if look.report.runtime.available:
        return (fine("compiler", seen, "Not needed: llama-cpp-python is built already."),)
    if present:
        return (fine("compiler", seen, "llama-cpp-python can be built here."),)
    meaning = "llama-cpp-python must be built, and there is no C++ compiler."
    remedy = (
        "Debian, Ubuntu: sudo apt install build-essential cmake. Fedora: sudo dnf install gcc-c++ "
        "cmake. macOS: xcode-select --install. Windows: Visual Studio Build Tools."
    )
    return (Finding("compiler", "fail", seen, meaning, remedy),)


def gpu(look: Look) -> tuple[Finding, ...]:
    """Driver against runtime; a machine without a GPU is a fine machine."""
    report = look.report
    found = tuple(f for f in report.findings if f.name in GPU_FINDINGS)
    if found:
        return found
    usable = len(report.runtime.gpus())
    if not report.gpus:
        return (fine("gpu", "no GPU", "Models run on the processor."),)
    seen = f"driver: {len(report.gpus)}, llama.cpp: {usable}"
    if not report.runtime.available:
        return (fine("gpu", seen, "The driver answers; llama.cpp cannot be asked yet."),)
    return (fine("gpu", seen, "Driver and llama.cpp see the same GPUs."),)


def threads(look: Look) -> tuple[Finding, ...]:
    """llama.cpp's threads wait for each other by spinning: one that has no core stalls all."""
    cpu = look.report.cpu
    cores = cpu.usable_cores or float(cpu.logical_cores)
    default = cpu.physical_cores or cpu.logical_cores
    load = "unknown" if cpu.load_1m is None else f"{cpu.load_1m:.1f}"
    seen = f"load {load}, {cores:g} usable of {cpu.logical_cores} logical cores"
    if cores < default:
        meaning = f"This process may use {cores:g} of {default} cores, so the engine starts fewer threads."
        remedy = "Nothing; a larger quota or affinity would make it faster. Machine (5), Engine, says why."
        return (Finding("threads", "warn", seen, meaning, remedy),)
    if cpu.load_1m is not None and cpu.load_1m >= cores:
        meaning = "All cores are busy already; an engine that starts now gets one thread, and is slow."
        remedy = (
            "Nothing, if it is this node that works. Else close what keeps the cores busy and restart the "
            "engine (ctrl+r in the console), or set `threads` under [engine]."
        )
        return (Finding("threads", "warn", seen, meaning, remedy),)
    return (fine("threads", seen, "There are cores to spare for the engine's threads."),)


def size(count: int) -> str:
    """Bytes for people: `3.1 GiB`, `512 MiB`."""
    if count >= GIB:
        return f"{count / GIB:.1f} GiB"
    return f"{count / MIB:.0f} MiB"


CHECKS: tuple[Check, ...] = (python_version, memory, disk, llama_cpp, compiler, gpu, threads)
SPOKEN_FOR = ("runtime", *GPU_FINDINGS)
"""Findings of the report that a check tells already; `doctor` adds the others as they are."""
