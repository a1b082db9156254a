"""Calibrations kept beside the coordinator's data: one file per model and verifier, with its evidence."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.verification.calibrating import Condition
from console.verification.calibration import Calibration

FOLDER = "calibrations"
SCHEMA_VERSION = 1


class CalibrationError(Exception):
    """A calibration that cannot be used; the text says which and what to do."""


class Kept(msgspec.Struct, frozen=True):
    """The file: the thresholds, their digest, and what they were made from."""

    calibration: Calibration
    digest: str
    conditions: tuple[Condition, ...]
    machine: str
    """Instruction sets of the verifier's build, as llama.cpp names them."""
    schema_version: int = SCHEMA_VERSION


def kept_at(home: Path, calibration: Calibration) -> Path:
    """Where it belongs."""
    return home / FOLDER / f"{calibration.model[:12]}-{calibration.verifier[:12]}.json"


def write_calibration(path: Path, kept: Kept) -> None:
    """Write the whole file or nothing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    part.replace(path)


def load_calibrations(home: Path) -> tuple[Calibration, ...]:
    """All that lie in `home`, none when there is no folder.

    Raises:
        CalibrationError: one cannot be read, is malformed, or does not match its own digest.
    """
    return tuple(_load(path).calibration for path in sorted((home / FOLDER).glob("*.json")))


def _load(path: Path) -> Kept:
    remedy = "Remove it, or make it anew with `quarterdeck coordinator calibrate`."
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except OSError as error:
        raise CalibrationError(
            f"The calibration {path} cannot be read ({error.strerror}). {remedy}"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(f"The calibration {path} is malformed: {error}. {remedy}") from None
    if kept.schema_version != SCHEMA_VERSION:
        raise CalibrationError(f"The calibration {path} is of another version of Quarterdeck. {remedy}")
    if kept.calibration.digest != kept.digest:
        raise CalibrationError(f"The calibration {path} was changed by hand: its digest is wrong. {remedy}")
    return kept
