"""Waiting for a node of the run, asked as any client asks it: through its control socket."""

from __future__ import annotations

import asyncio
import time

import msgspec

from console.control.asking import ask
from console.control.connection import NoAgent
from console.control.state import NodeState
from console.practice.plan import Cast
from console.settings.paths import socket_path

PATIENCE_S = 60.0


async def until_ready(member: Cast, stop: asyncio.Event, patience_s: float = PATIENCE_S) -> bool:
    """True once the node's engine is ready; False when it took too long or the run is to end."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and not stop.is_set():
        if await asyncio.to_thread(_is_ready, member):
            return True
        await asyncio.sleep(0.3)
    return False


def _is_ready(member: Cast) -> bool:
    try:
        answer = ask(socket_path(member.home, "agent"), "status", timeout_s=5)
    except NoAgent:
        return False
    return msgspec.json.decode(answer.result, type=NodeState).engine.state == "ready"
