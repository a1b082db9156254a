"""The coordinator's identity: 32 secret bytes in a file that only its user may read."""

from __future__ import annotations

import os
from pathlib import Path

from console.coordinator.parts import Entropy

NAME = "coordinator.key"
BYTES = 32


def load_identity(home: Path, entropy: Entropy) -> bytes:
    """The seed in `home`, made at the first start.

    Raises:
        OSError: it cannot be read or written.
        ValueError: the file is damaged.
    """
    path = home / NAME
    if not path.exists():
        descriptor = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(entropy(BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".new").replace(path)
    seed = path.read_bytes()
    if len(seed) != BYTES:
        raise ValueError(
            f"The identity {path} is damaged: it has {len(seed)} bytes instead of {BYTES}. "
            "Restore it from a backup; without it the network's nodes will not know this coordinator."
        )
    return seed
