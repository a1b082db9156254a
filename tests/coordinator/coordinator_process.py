"""A coordinator with a scripted engine as a process of its own, to be killed: `HOME PORT`."""

from __future__ import annotations

import asyncio
import secrets
import sys
from pathlib import Path

from coordinator_harness import CONFIG, GROUP, MODEL
from doubles.engine_double import ScriptedEngine

from console.coordinator.app import build
from console.coordinator.clock import SystemClock
from console.coordinator.server import server_of
from console.coordinator.settings import Served


def main() -> None:
    """Until it is killed."""
    app = build(
        Path(sys.argv[1]),
        CONFIG,
        Served(MODEL, GROUP),
        ScriptedEngine(),
        SystemClock(),
        secrets.token_bytes,
        None,
    )
    asyncio.run(server_of(app, "127.0.0.1", int(sys.argv[2])).serve())


if __name__ == "__main__":
    main()
