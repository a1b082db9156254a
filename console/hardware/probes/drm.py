"""What AMD and Intel cards have in common under /sys/class/drm."""

from __future__ import annotations

from pathlib import Path

from . import files


def cards(root: Path, vendor: int) -> list[Path]:
    """Card folders (not connectors, not render nodes) of one PCI vendor."""
    found = files.entries(root / "sys/class/drm", "card[0-9]*")
    plain = [card for card in found if card.name.removeprefix("card").isdigit()]
    return [card for card in plain if files.whole(card / "device/vendor") == vendor]


def uevent(card: Path) -> dict[str, str]:
    """The device's uevent: DRIVER, PCI_ID, PCI_SLOT_NAME."""
    lines = (files.text(card / "device/uevent") or "").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def hwmon(card: Path, *names: str) -> Path | None:
    """The card's sensor folder whose `name` is one of `names`."""
    for folder in files.entries(card / "device/hwmon", "hwmon*"):
        if files.text(folder / "name") in names:
            return folder
    return None


def first_scaled(folder: Path | None, names: tuple[str, ...], divisor: float) -> float | None:
    """The first of the folder's files that holds a number, divided by `divisor`."""
    for name in names if folder is not None else ():
        value = files.scaled(Path(folder or ".") / name, divisor)
        if value is not None:
            return value
    return None


def current_state(path: Path) -> float | None:
    """The MHz of the line marked `*` in amdgpu's pp_dpm_* tables."""
    for line in (files.text(path) or "").splitlines():
        if line.rstrip().endswith("*"):
            digits = "".join(c for c in line.partition(":")[2] if c.isdigit())
            return float(digits) if digits else None
    return None
