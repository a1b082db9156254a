"""An agent in a process of its own, with a scripted engine: for tests that kill it.

`python agent_process.py HOME ADDRESS STALL_AFTER`: STALL_AFTER tokens are given, then none (-1: all).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from doubles.agent_doubles import RunningAgent, ScriptedLauncher
from doubles.engine_double import ScriptedEngine


async def main(home: Path, address: str, stall_after: int) -> None:
    """Run until SIGTERM."""
    engine = ScriptedEngine(end_bias=-50.0)
    engine.stall_after = None if stall_after < 0 else stall_after
    running = RunningAgent(home, address, ScriptedLauncher(engine))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    await running.start()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    await running.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
