"""Which raw answers about GPUs can be true. One absurd field costs that field, not the card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from .facts import Finding, Gpu, GpuProcess, lost
from .judge import doubted
from .sanitise import Sieve

VRAM_MOST = 2**44
"""16 TiB; the largest accelerators of 2026 are below 1 TiB."""

PID_MOST = 2**32

UNTOLD_BYTES = 2**64 - 1
"""NVML_VALUE_NOT_AVAILABLE: not a lie, just not known."""

VENDORS = ("nvidia", "amd", "intel", "apple")


def gpus(source: str, raw: Mapping[str, object]) -> tuple[tuple[Gpu, ...], tuple[Finding, ...]]:
    """All GPUs of one probe's answer, and a finding for what is not believed."""
    sieve = Sieve(raw)
    found = tuple(gpu(row, index) for index, row in enumerate(sieve.rows("gpus")))
    doubts = [f"GPU {card.index}: {doubt}" for card in found for doubt in card.doubts]
    return found, doubted(source, sieve.doubts + doubts)


def gpu(raw: Mapping[str, object], position: int) -> Gpu:
    """One GPU out of a raw row; a card that its driver calls lost has blank gauges."""
    sieve = Sieve(raw)
    vendor = sieve.text("vendor", 16)
    total = sieve.whole("vram_total_bytes", 2**20, VRAM_MOST)
    card = Gpu(
        vendor=vendor if vendor in VENDORS else "unknown",
        index=_or(sieve.whole("index", 0, 4096), position),
        name=sieve.text("name", 80) or f"{vendor or 'unknown'} GPU {position}",
        source=sieve.text("source", 32) or "unknown",
        uuid=sieve.text("uuid", 80),
        bus_id=sieve.text("bus_id", 32),
        vram_kind=_kind(sieve),
        vram_total_bytes=total,
        vram_used_bytes=_used(sieve, total),
        utilisation_percent=sieve.number("utilisation_percent", 0, 100),
        temperature_c=sieve.number("temperature_c", -40, 150),
        power_w=sieve.number("power_w", 0, 5000),
        power_limit_w=sieve.number("power_limit_w", 1, 5000),
        clock_mhz=sieve.number("clock_mhz", 0, 10_000),
        memory_clock_mhz=sieve.number("memory_clock_mhz", 0, 50_000),
        # NVML documents that fans may turn faster than 100 % of their rated speed.
        fan_percent=sieve.number("fan_percent", 0, 200),
        fan_rpm=sieve.number("fan_rpm", 0, 50_000),
        throttle=sieve.texts("throttle") if raw.get("throttle") is not None else None,
        driver_version=sieve.text("driver_version", 64),
        cuda_version=sieve.text("cuda_version", 16),
        processes=_processes(sieve) if raw.get("processes") is not None else None,
        doubts=tuple(sieve.doubts),
    )
    return lost(card) if raw.get("lost") is True else card


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _kind(sieve: Sieve) -> Literal["dedicated", "shared", "unknown"]:
    kind = sieve.text("vram_kind", 16)
    known = kind if kind in ("dedicated", "shared") else "unknown"
    return cast(Literal["dedicated", "shared", "unknown"], known)


def _used(sieve: Sieve, total: int | None) -> int | None:
    used = sieve.whole("vram_used_bytes", 0, VRAM_MOST)
    if used is not None and total is not None and used > total:
        sieve.doubt("vram_used_bytes", f"{used} of {total}")
        return None
    return used


def _processes(sieve: Sieve) -> tuple[GpuProcess, ...]:
    found = []
    for row in sieve.rows("processes"):
        inner = Sieve({k: None if v == UNTOLD_BYTES else v for k, v in row.items()})
        pid = inner.whole("pid", 1, PID_MOST)
        if pid is not None:
            found.append(GpuProcess(pid, inner.whole("vram_bytes", 0, VRAM_MOST)))
        for doubt in inner.doubts:
            sieve.doubt("processes", doubt)
    return tuple(found)
