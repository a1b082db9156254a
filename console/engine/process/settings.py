"""What the engine's process was started with."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.engine.process.waiting import LocalUse


class Settings(msgspec.Struct, frozen=True):
    """The command line, read."""

    model: Path
    socket: Path
    context: int
    threads: int
    gpu_layers: int
    slots: int = 1
    local: LocalUse = "equal"
    local_port: int | None = None
    """Loopback port for the operator's own programs; None: none is open."""
    local_key_file: Path | None = None
