"""A coordinator with a scripted engine as a process of its own, to be killed: `HOME PORT [STORE [NATS]]`.

With a store it waits, as a standby, until nobody owns that.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from pathlib import Path

import uvicorn
from coordinator_harness import CONFIG, GROUP, MODEL
from doubles.engine_double import ScriptedEngine

from console.coordinator.app import Coordinator
from console.coordinator.building import build
from console.coordinator.clock import SystemClock
from console.coordinator.ownership import Ownership
from console.coordinator.running import advertised, run
from console.coordinator.server import server_of
from console.coordinator.settings import Served
from console.coordinator.start import take_port

LEASE_S = 2.0


def main() -> None:
    """Until it is killed, or another one takes over."""
    home, port, *where = sys.argv[1:]
    served, clock = Served(MODEL, GROUP), SystemClock()
    app = build(Path(home), CONFIG, served, ScriptedEngine(), clock, secrets.token_bytes, None, *where)
    coordinator: Coordinator = app.state.coordinator
    coordinator.ownership = Ownership(coordinator.parts.store, clock, GROUP, MODEL, LEASE_S)
    asyncio.run(_run(coordinator, server_of(app, "127.0.0.1", int(port)), int(port), bool(where)))


async def _run(coordinator: Coordinator, server: uvicorn.Server, port: int, waits: bool) -> None:
    await run(
        coordinator,
        server,
        take_port("127.0.0.1", port, listens=not waits),
        asyncio.create_task(asyncio.sleep(3600)),
        lambda: coordinator.start(advertised("127.0.0.1", port, ""), waits=waits),
        lambda: None,
    )


if __name__ == "__main__":
    main()
