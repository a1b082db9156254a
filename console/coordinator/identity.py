"""The coordinator's identity: 32 secret bytes in a file that only its user may read."""

from __future__ import annotations

import os
from pathlib import Path

from console.coordinator.parts import Entropy

NAME = "coordinator.key"
BYTES = 32
_LOST = "Restore it from a backup; without it the network's nodes will not know this coordinator."


def load_identity(home: Path, entropy: Entropy) -> bytes:
    """The seed in `home`, made at the first start.

    Raises:
        OSError: it cannot be read or written.
        ValueError: the file is damaged.
    """
    return secret_in(home / NAME, entropy, _LOST)


def secret_in(path: Path, entropy: Entropy | None, lost: str) -> bytes:
    """32 secret bytes in a file of their own. `entropy`: makes it where it is not there; None: nobody does.

    `lost`: what to do without it. Raises as `load_identity` does, and ValueError for a file that is missed.
    """
    if not path.exists():
        if entropy is None:
            raise ValueError(f"{path} is not there. {lost}")
        descriptor = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(entropy(BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".new").replace(path)
    secret = path.read_bytes()
    if len(secret) != BYTES:
        raise ValueError(f"{path} is damaged: it has {len(secret)} bytes instead of {BYTES}. {lost}")
    return secret
