"""Graphics cards on the PCI bus, whether or not a driver took them."""

from __future__ import annotations

from pathlib import Path

from . import Raw, files

VENDORS = {0x10DE: "nvidia", 0x1002: "amd", 0x8086: "intel"}
DISPLAY_CLASS = 0x03
"""PCI base class of display controllers; compute-only cards are 0x0302 within it."""


def probe(root: Path) -> Raw:
    """Vendor, address and bound driver of each display controller of a known vendor."""
    cards: list[Raw] = []
    for device in files.entries(root / "sys/bus/pci/devices", "*"):
        vendor = VENDORS.get(files.whole(device / "vendor") or 0)
        kind = files.whole(device / "class")
        if vendor is None or kind is None or kind >> 16 != DISPLAY_CLASS:
            continue
        driver = files.link_name(device / "driver")
        cards.append({"vendor": vendor, "bus_id": device.name, "driver": driver})
    return {"cards": cards}
