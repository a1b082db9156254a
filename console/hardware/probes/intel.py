"""Intel by the sysfs files of xe and i915. Neither tells how much VRAM is used; that stays unknown.

Files as in Linux, Documentation/ABI/testing/sysfs-driver-intel-{xe,i915}-hwmon and the drivers' gt folders.
"""

from __future__ import annotations

import time
from pathlib import Path

from . import Raw, drm, files

VENDOR = 0x8086
ENERGY_WINDOW_S = 0.1
"""Power is told as a running total of energy, so it takes two readings this far apart."""

CLOCK_FILES = (
    "device/tile0/gt0/freq0/act_freq",
    "device/tile0/gt0/freq0/cur_freq",
    "gt/gt0/rps_act_freq_mhz",
    "gt_act_freq_mhz",
)
THROTTLE_FOLDERS = ("device/tile0/gt0/freq0/throttle", "gt/gt0")


def probe(root: Path, window_s: float = ENERGY_WINDOW_S) -> Raw:
    """All Intel GPUs that xe or i915 drive."""
    found = drm.cards(root, VENDOR)
    return {"gpus": [one(card, index, window_s) for index, card in enumerate(found)]}


def one(card: Path, index: int, window_s: float) -> Raw:
    """One card's raw facts. A card with its own memory has a sensor folder with a power limit."""
    event, sensors = drm.uevent(card), drm.hwmon(card, "xe", "i915")
    local = files.whole(card / "lmem_total_bytes")
    return {
        "vendor": "intel",
        "index": index,
        "source": "sysfs",
        "name": f"Intel GPU {event.get('PCI_ID', '')}".strip(),
        "bus_id": event.get("PCI_SLOT_NAME"),
        "driver_version": event.get("DRIVER"),
        "vram_kind": "dedicated" if local or sensors is not None else "shared",
        "vram_total_bytes": local,
        "temperature_c": drm.first_scaled(sensors, ("temp2_input", "temp1_input"), 1e3),
        "power_w": _power(sensors, window_s),
        "power_limit_w": drm.first_scaled(sensors, ("power1_max", "power2_max"), 1e6),
        "clock_mhz": _clock(card),
        "fan_rpm": drm.first_scaled(sensors, ("fan1_input",), 1),
        "throttle": _throttle(card),
    }


def _clock(card: Path) -> int | None:
    for name in CLOCK_FILES:
        value = files.whole(card / name)
        if value is not None:
            return value
    return None


def _power(sensors: Path | None, window_s: float) -> float | None:
    """Watts over a short window out of energy1_input, which counts microjoules."""
    before = drm.first_scaled(sensors, ("energy1_input",), 1e6)
    if before is None:
        return None
    started = time.monotonic()
    time.sleep(window_s)
    after = drm.first_scaled(sensors, ("energy1_input",), 1e6)
    elapsed = time.monotonic() - started
    return None if after is None or elapsed <= 0 else max(0.0, (after - before) / elapsed)


def _throttle(card: Path) -> list[str] | None:
    """The reasons whose file says 1, e.g. `thermal`, or None where the driver has no such files."""
    for name in THROTTLE_FOLDERS:
        reasons = [
            *files.entries(card / name, "reason_*"),
            *files.entries(card / name, "throttle_reason_*"),
        ]
        if reasons:
            active = [r for r in reasons if files.whole(r) == 1 and not r.name.endswith("status")]
            return [r.name.partition("reason_")[2].replace("_", " ") for r in active]
    return None
