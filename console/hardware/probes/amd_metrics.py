"""What holds an AMD GPU back, from amdgpu's binary `gpu_metrics` file.

The table's layout changes with its revision (Linux, drivers/gpu/drm/amd/include/kgd_pp_interface.h). Only
revisions 1.3 and 2.2 to 2.4 carry the status whose bits mean the same on every card (amdgpu_smu.h,
SMU_THROTTLER_*); of any other nothing is said.
"""

from __future__ import annotations

import struct
from pathlib import Path

HEADER = struct.Struct("<HBB")
"""Size of the table, format revision, content revision."""

STATUS = struct.Struct("<Q")
STATUS_AT = {(1, 3): 112, (2, 2): 120, (2, 3): 120, (2, 4): 120}
"""Revision of the table: where its independent status begins."""

UNTOLD = 2**64 - 1
"""The driver fills the table with ones before it writes what the card tells."""

WORDS = (
    ("power cap", range(0, 16)),
    ("current limit", range(16, 32)),
    ("thermal", range(32, 44)),
    ("thermal (voltage regulator)", range(44, 46)),
    ("hardware slowdown", range(46, 48)),
    ("firmware limit", range(56, 64)),
)
"""Bits in groups of 16 by kind: power, current, temperature, other."""


def throttle(path: Path) -> list[str] | None:
    """Why the clocks are held back; empty when they are not, None when this card does not tell."""
    try:
        with path.open("rb") as handle:
            return read(handle.read(4096))
    except OSError:
        return None


def read(table: bytes) -> list[str] | None:
    """The same of a table's bytes."""
    if len(table) < HEADER.size:
        return None
    size, form, content = HEADER.unpack_from(table)
    at = STATUS_AT.get((form, content))
    if at is None or at + STATUS.size > min(size, len(table)):
        return None
    (bits,) = STATUS.unpack_from(table, at)
    if bits == UNTOLD:
        return None
    return [word for word, places in WORDS if any(bits >> place & 1 for place in places)]
