"""The calibrations of this coordinator: one JSON file each, in a folder of its home, read at its start."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from console.verification.calibration import Calibration

log = logging.getLogger(__name__)
_BYTES_LIMIT = 1 << 20


class _File(msgspec.Struct, frozen=True):
    """A file as `coordinator calibrate` writes it; the measurements beside are for people."""

    calibration: Calibration


def load_calibrations(folder: Path) -> tuple[Calibration, ...]:
    """Every calibration in `folder`; a file that is none is told in the log and judged nothing by."""
    found: list[Calibration] = []
    for path in sorted(folder.glob("*.json")):
        try:
            data = path.read_bytes()
            if len(data) > _BYTES_LIMIT:
                raise ValueError("it is too large")
            found.append(msgspec.json.decode(data, type=_File).calibration)
        except (OSError, ValueError) as error:
            why = type(error).__name__ if isinstance(error, OSError) else error
            log.error("The calibration %s is not used (%s). Make it again, or remove it.", path.name, why)
    return tuple(found)
