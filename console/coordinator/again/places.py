"""Where a run's data, keys and model are found."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.coordinator.again.cases import DataError
from console.coordinator.again.judge import Keys
from console.coordinator.identity import BYTES, NAME
from console.coordinator.sealing import Secrets
from console.coordinator.start import READY, Address
from console.coordinator.store.schema import DATABASE
from console.models import CATALOGUE, ModelError, sha256_file, verify_file
from console.protocol.keys import SigningKey


def coordinator_folder(data: Path) -> Path:
    """The coordinator's home: `data` itself, or the one that a practice run left in it. Raises DataError."""
    for folder in (data, data / "coordinator"):
        if (folder / DATABASE).is_file():
            return folder
    raise DataError(
        f"There is no coordinator's database in {data} or in {data / 'coordinator'}. Give the folder that "
        "`practice --keep` left, or a coordinator's home."
    )


def keys_of(folder: Path, identity: Path | None) -> Keys:
    """What opens the evidence: a node's key where `identity` names one, else the coordinator's own.

    Raises:
        DataError: no key, a damaged one, or no way to know the coordinator's id.
    """
    if identity is None:
        seed = _seed(folder / NAME)
        key = SigningKey(seed)
        return Keys(key, key.node_id, Secrets(seed))
    try:
        address = msgspec.json.decode((folder / READY).read_bytes(), type=Address)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(
            f"{folder / READY}, which names the coordinator, cannot be read. It is written at its start."
        ) from error
    return Keys(SigningKey(_seed(identity)), address.coordinator, None)


def model_of(group: str, models: Path, given: Path | None) -> Path:
    """The file whose SHA-256 is `group`. Raises DataError."""
    try:
        if given is not None:
            if sha256_file(given) == group:
                return given
            raise DataError(f"{given} is not the model of this network: its SHA-256 is another.")
        for entry in CATALOGUE:
            if entry.sha256 == group and (models / entry.file_name).is_file():
                return verify_file(entry, models)
    except (ModelError, OSError) as error:
        raise DataError(f"The model cannot be read: {error}") from error
    raise DataError(
        f"The model of this network, SHA-256 {group[:12]}…, is not in {models}. Fetch it with `quarterdeck "
        "models fetch`, or give its file with --model."
    )


def _seed(path: Path) -> bytes:
    try:
        seed = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"The key {path} cannot be read ({error.strerror}). Evidence is sealed to the coordinator and to "
            "the node; give a node's key with --identity where the coordinator's is not here."
        ) from error
    if len(seed) != BYTES:
        raise DataError(f"The key {path} is damaged: {len(seed)} bytes instead of {BYTES}.")
    return seed
