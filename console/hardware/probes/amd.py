"""AMD by amdgpu's sysfs files, which need no library; amdsmi only where those say nothing.

Files and units as in Linux, Documentation/gpu/amdgpu/thermal.rst and driver-misc.rst: memory in bytes,
temperatures in millidegrees, power in microwatts, hwmon clocks in Hz.
"""

from __future__ import annotations

from pathlib import Path

from . import Raw, amd_metrics, amd_smi, drm, files

VENDOR = 0x1002


def probe(root: Path) -> Raw:
    """All AMD GPUs by sysfs, else by amdsmi where a ROCm driver is loaded."""
    found = [one(card, index) for index, card in enumerate(drm.cards(root, VENDOR))]
    if not found and (root / "sys/module/amdgpu").exists():
        return amd_smi.probe()
    return {"gpus": found}


def one(card: Path, index: int) -> Raw:
    """One card's raw facts."""
    device, event, sensors = card / "device", drm.uevent(card), drm.hwmon(card, "amdgpu")
    return {
        "vendor": "amd",
        "index": index,
        "source": "sysfs",
        "name": files.text(device / "product_name") or f"AMD GPU {event.get('PCI_ID', '')}".strip(),
        "uuid": files.text(device / "unique_id"),
        "bus_id": event.get("PCI_SLOT_NAME"),
        "driver_version": _driver(card, event),
        "vram_kind": "dedicated",
        "vram_total_bytes": files.whole(device / "mem_info_vram_total"),
        "vram_used_bytes": files.whole(device / "mem_info_vram_used"),
        "utilisation_percent": files.whole(device / "gpu_busy_percent"),
        "temperature_c": drm.first_scaled(sensors, ("temp1_input", "temp2_input"), 1e3),
        "power_w": drm.first_scaled(sensors, ("power1_average", "power1_input"), 1e6),
        "power_limit_w": drm.first_scaled(sensors, ("power1_cap",), 1e6),
        "clock_mhz": _clock(device, sensors, "freq1_input", "pp_dpm_sclk"),
        "memory_clock_mhz": _clock(device, sensors, "freq2_input", "pp_dpm_mclk"),
        "fan_rpm": drm.first_scaled(sensors, ("fan1_input",), 1),
        "fan_percent": _fan(sensors),
        "throttle": amd_metrics.throttle(device / "gpu_metrics"),
    }


def _driver(card: Path, event: dict[str, str]) -> str | None:
    """`amdgpu`, with the module's version where an out-of-tree (ROCm) module tells it."""
    name = event.get("DRIVER") or files.link_name(card / "device/driver")
    version = files.text(card / "device/driver/module/version")
    return f"{name} {version}" if name and version else name


def _clock(device: Path, sensors: Path | None, sensor: str, table: str) -> float | None:
    hertz = drm.first_scaled(sensors, (sensor,), 1e6)
    return hertz if hertz is not None else drm.current_state(device / table)


def _fan(sensors: Path | None) -> float | None:
    duty = drm.first_scaled(sensors, ("pwm1",), 1)
    top = drm.first_scaled(sensors, ("pwm1_max",), 1) or 255
    return None if duty is None else round(100 * duty / top, 1)
