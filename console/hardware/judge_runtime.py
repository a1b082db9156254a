"""What the llama.cpp build said of itself, judged; and findings with remedies where it said nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from .facts import DeviceKind, Finding, Runtime, RuntimeDevice
from .isolate import Answer
from .judge import BYTES_MOST, doubted
from .sanitise import Sieve, clean_text

REINSTALL = "python -m pip install --force-reinstall --no-cache-dir llama-cpp-python"

ENABLED = re.compile(r"([A-Z][A-Z0-9_]+) = 1\b")
"""A feature that llama.cpp's system info says is compiled in."""

SPELLING = {"avx512": "avx512f", "matmul_int8": "i8mm", "fp16_va": "fp16", "arm_fma": "fma"}
"""llama.cpp's word for a feature, where ours is another."""


def runtime(answer: Answer) -> tuple[Runtime, tuple[Finding, ...]]:
    """The runtime, and a finding when it is absent, broken or implausible."""
    if answer.facts is None:
        problem = answer.problem or "no answer"
        return Runtime(available=False, problem=problem), (_broken(problem),)
    if "absent" in answer.facts:
        problem = clean_text(answer.facts["absent"])
        finding = _missing(problem) if answer.facts.get("missing") is True else _broken(problem)
        return Runtime(available=False, problem=problem), (finding,)
    return _read(answer.facts)


def _read(raw: Mapping[str, object]) -> tuple[Runtime, tuple[Finding, ...]]:
    sieve = Sieve(raw)
    info = sieve.text("system_info", 2000) or ""
    told = isinstance(raw.get("devices"), list)
    devices = tuple(_device(row) for row in sieve.rows("devices")) if told else None
    answer = Runtime(
        available=True,
        version=sieve.text("version", 64),
        llama_version=sieve.text("llama_version", 64),
        gpu_offload=sieve.flag("gpu_offload"),
        features=features(info),
        devices=devices,
        system_info=info,
    )
    return answer, doubted("runtime", sieve.doubts)


def features(system_info: str) -> tuple[str, ...]:
    """Features compiled in, under our names, in llama.cpp's order."""
    words = (word.lower() for word in ENABLED.findall(system_info))
    return tuple(dict.fromkeys(SPELLING.get(word, word) for word in words))


def _device(raw: Mapping[str, object]) -> RuntimeDevice:
    sieve = Sieve(raw)
    kind = sieve.text("kind", 16)
    known = kind if kind in ("cpu", "gpu", "igpu", "accel") else "unknown"
    return RuntimeDevice(
        name=sieve.text("name", 64) or "unnamed",
        description=sieve.text("description", 80) or "",
        kind=cast(DeviceKind, known),
        total_bytes=sieve.whole("total_bytes", 0, BYTES_MOST),
        free_bytes=sieve.whole("free_bytes", 0, BYTES_MOST),
    )


def _missing(problem: str) -> Finding:
    return Finding(
        name="runtime",
        status="fail",
        seen=problem,
        meaning="llama-cpp-python is not installed, so no model can be run here. "
        "All else works: the console, the network and an engine elsewhere.",
        remedy="Install a C++ compiler and CMake, then: python -m pip install llama-cpp-python",
    )


def _broken(problem: str) -> Finding:
    if "SIGILL" in problem:
        meaning = "This llama.cpp build uses instructions that this processor lacks."
        remedy = f"Build it for this machine: CMAKE_ARGS=-DGGML_NATIVE=ON {REINSTALL}"
    elif "no answer within" in problem:
        meaning = "llama.cpp hangs while it starts, most often inside a GPU driver."
        remedy = "Restart the machine. If it stays, update the GPU driver."
    else:
        meaning = "llama-cpp-python is installed but cannot be loaded, so no model can be run here."
        remedy = f"Install it again: {REINSTALL}"
    return Finding(name="runtime", status="fail", seen=problem, meaning=meaning, remedy=remedy)
