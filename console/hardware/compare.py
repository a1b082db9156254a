"""The driver's view beside the runtime's: what one sees and the other cannot use. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .facts import Cpu, Finding, Gpu, Runtime
from .isolate import Answer
from .judge_runtime import REINSTALL
from .sanitise import clean_text

BUILD_FLAGS = {
    "nvidia": "-DGGML_CUDA=ON",
    "amd": "-DGGML_HIP=ON",
    "intel": "-DGGML_VULKAN=ON",
    "apple": "-DGGML_METAL=ON",
}
"""What turns a vendor's backend on in llama.cpp's build (docs/build.md there)."""

NVML_CODES = {
    4: ("The driver refuses this user.", "Add this user to the groups `video` and `render`."),
    9: ("The NVIDIA driver is installed but not loaded.", "Load it: sudo modprobe nvidia"),
    18: (
        "The driver in the kernel and its library differ: an upgrade is half done.",
        "Restart the machine; do not reinstall anything.",
    ),
}
"""NVML error numbers that have a remedy of their own. 12 (no library) is the normal case without a GPU."""

NVML_NO_LIBRARY = 12

CUDA_CODES = {
    100: ("CUDA finds no device.", "Check CUDA_VISIBLE_DEVICES; in a container, pass the GPU through."),
    802: ("CUDA waits for the fabric manager.", "Start nvidia-fabricmanager and try again."),
    803: ("CUDA's library and the kernel driver differ.", "Restart the machine."),
    804: ("This GPU does not support the installed CUDA compatibility library.", "Remove it."),
    999: ("The driver failed in an unknown way.", "Restart the machine."),
}
"""cuInit's answers that have a remedy of their own (CUDA driver API, CUresult)."""


def failed(answer: Answer) -> tuple[Finding, ...]:
    """A finding for a probe that hung, crashed or answered garbage."""
    if answer.problem is None:
        return ()
    finding = Finding(
        name=f"{answer.name}_probe",
        status="warn",
        seen=answer.problem,
        meaning=f"The {answer.name} probe gave nothing usable; the others are not affected.",
        remedy="Restart the machine. If it stays, update the driver that this probe asks.",
    )
    return (finding,)


def nvidia_driver(answer: Answer, cuda: Answer) -> tuple[Finding, ...]:
    """NVML and CUDA tell of the same driver, and fail separately."""
    found: list[Finding] = []
    facts = answer.facts or {}
    if "absent" in facts and facts.get("absent_code") != NVML_NO_LIBRARY:
        code = facts.get("absent_code")
        default = ("NVIDIA's management library fails.", "Update the NVIDIA driver, then restart.")
        meaning, remedy = NVML_CODES.get(code if isinstance(code, int) else -1, default)
        seen = clean_text(facts["absent"])
        found.append(Finding("nvidia_driver", "warn", seen, meaning, remedy))
    started = (cuda.facts or {}).get("init_code")
    if isinstance(started, int) and started != 0 and facts.get("gpus"):
        default = ("CUDA does not start although the driver answers.", "Restart the machine.")
        meaning, remedy = CUDA_CODES.get(started, default)
        found.append(Finding("cuda", "warn", f"cuInit answered {started}", meaning, remedy))
    return tuple(found)


def unclaimed_cards(pci: Answer, gpus: Sequence[Gpu]) -> tuple[Finding, ...]:
    """Cards in a slot that no driver answered for. Intel's are left out: most are only displays."""
    cards = (pci.facts or {}).get("cards")
    seen = {gpu.vendor for gpu in gpus}
    found = []
    for vendor in ("nvidia", "amd"):
        slots = [card for card in _rows(cards) if card.get("vendor") == vendor]
        if not slots or vendor in seen:
            continue
        where = ", ".join(clean_text(card.get("bus_id", "?"), 16) for card in slots[:8])
        driver = clean_text(slots[0].get("driver") or "none", 32)
        found.append(
            Finding(
                name=f"{vendor}_card",
                status="warn",
                seen=f"{len(slots)} card(s) at {where}, kernel driver: {driver}",
                meaning="A GPU is in the machine, but its driver does not answer.",
                remedy=f"Install {vendor.upper()}'s driver for this system, then restart.",
            )
        )
    return tuple(found)


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def driver_and_runtime(gpus: Sequence[Gpu], runtime: Runtime) -> tuple[Finding, ...]:
    """At most one finding: the GPUs that the driver sees against those that llama.cpp can use."""
    usable = runtime.gpus()
    if not runtime.available:
        return ()
    if not gpus:
        return (_blind(len(usable)),) if usable else ()
    if usable:
        return () if len(usable) >= len(gpus) else (_fewer(len(gpus), len(usable)),)
    if runtime.gpu_offload:
        return (_offload_unused(gpus),)
    return (_processor_only(gpus),)


def _blind(count: int) -> Finding:
    return Finding(
        name="gpu_gauges",
        status="pass",
        seen=f"llama.cpp lists {count} GPU(s); no driver probe answered",
        meaning="Models can use the GPU, but its temperature and power cannot be shown.",
        remedy="Nothing is needed. For gauges, install the vendor's management library.",
    )


def _fewer(driver: int, usable: int) -> Finding:
    return Finding(
        name="gpu_runtime",
        status="warn",
        seen=f"driver: {driver} GPU(s), llama.cpp: {usable}",
        meaning="Some of the GPUs cannot be used by this llama.cpp build.",
        remedy="Check CUDA_VISIBLE_DEVICES and HIP_VISIBLE_DEVICES, and that all are of one vendor.",
    )


def _offload_unused(gpus: Sequence[Gpu]) -> Finding:
    return Finding(
        name="gpu_runtime",
        status="warn",
        seen=f"driver: {_names(gpus)}; llama.cpp supports GPUs but lists none",
        meaning="The build fits a GPU, but it cannot start it: models run on the processor.",
        remedy="Update the GPU driver; it is most often older than the build's toolkit.",
    )


def _processor_only(gpus: Sequence[Gpu]) -> Finding:
    flag = BUILD_FLAGS.get(gpus[0].vendor, "-DGGML_VULKAN=ON")
    return Finding(
        name="gpu_runtime",
        status="warn",
        seen=f"driver: {_names(gpus)}; llama.cpp: built for the processor only",
        meaning="The GPU stands idle: this llama.cpp build has no code for it.",
        remedy=f"Build it with the GPU: CMAKE_ARGS={flag} {REINSTALL}",
    )


def _names(gpus: Sequence[Gpu]) -> str:
    return ", ".join(gpu.name for gpu in gpus[:4]) + (" …" if len(gpus) > 4 else "")


FAST = ("avx", "avx2", "avx512f", "fma", "f16c", "dotprod", "i8mm", "sve", "amx_int8")
"""Features worth a rebuild when the processor has them and the build does not."""


def instruction_sets(cpu: Cpu, runtime: Runtime) -> tuple[Finding, ...]:
    """What the processor has and the build does not use: speed left lying."""
    if not runtime.available or not runtime.features or not cpu.features:
        return ()
    unused = [name for name in FAST if name in cpu.features and name not in runtime.features]
    if not unused:
        return ()
    finding = Finding(
        name="instruction_sets",
        status="warn",
        seen=f"the processor has {', '.join(unused)}; this llama.cpp build does not use them",
        meaning="Generation is slower than this processor allows.",
        remedy=f"Build it for this machine: CMAKE_ARGS=-DGGML_NATIVE=ON {REINSTALL}",
    )
    return (finding,)


def lost_gpus(gpus: Sequence[Gpu]) -> tuple[Finding, ...]:
    """GPUs whose driver says that they are gone."""
    gone = [gpu for gpu in gpus if gpu.state == "lost"]
    if not gone:
        return ()
    finding = Finding(
        name="gpu_lost",
        status="fail",
        seen=_names(gone),
        meaning="The driver lost this GPU; nothing can run on it until it is reset.",
        remedy="Restart the machine. If it comes back, check power cables, riser and heat.",
    )
    return (finding,)
