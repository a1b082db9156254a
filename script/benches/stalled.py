"""A terminal that stops reading, as a dead connection does: what it costs the agent, and what is shown after.

`python -m benches.stalled SOCKET EVENTS_PER_S` serves what the agent serves: its own board behind its own
control server, with jobs that move. The console is the product's, in a terminal that nobody reads for a
minute; another client asks all the while.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import psutil

from benches.paths import RECORDINGS
from benches.rows import Row, percentile, say
from benches.terminal import Terminal
from console.agent.board import Board
from console.control.asking import ask
from console.control.connection import NoAgent
from console.control.events import JobChanged
from console.control.recording import read
from console.control.server import ControlServer
from console.control.wire import Answer, Command, Snapshot

STALL_S = 60.0
ASK_EVERY_S = 0.05
PACE_S = 0.01
DECK = b"Pending"
"""Stands on the Deck and on none of the screens before it."""


async def answer(command: Command) -> Answer:
    """Whatever is asked, at once."""
    return Answer(command.id, True, "")


async def serve(socket: Path, per_s: int) -> None:
    """For ever; says `ready` once it listens."""
    messages = [recorded.message for recorded in read(RECORDINGS / "earning.jsonl")]
    (state,) = [message.state for message in messages if isinstance(message, Snapshot)]
    board = Board(lambda: round(time.time() * 1000), state)
    await ControlServer(socket, board, answer, "bench").start()
    print("ready", flush=True)
    told = 0
    while True:
        await asyncio.sleep(PACE_S)
        for _ in range(round(per_s * PACE_S)):
            told += 1
            job = state.jobs[told % len(state.jobs)]
            board.apply(JobChanged(msgspec.structs.replace(job, tokens=told % 128)))


class Asker(threading.Thread):
    """Another client: how long each of its questions took."""

    def __init__(self, socket: Path) -> None:
        super().__init__(daemon=True)
        self._socket = socket
        self._over = threading.Event()
        self.took_ms: list[float] = []
        self.failed = 0

    def run(self) -> None:
        """Ask until told to stop."""
        while not self._over.wait(ASK_EVERY_S):
            begins_s = time.monotonic()
            try:
                ask(self._socket, "identity", timeout_s=10)
            except NoAgent:
                self.failed += 1
            else:
                self.took_ms.append(1000 * (time.monotonic() - begins_s))

    def stop(self) -> None:
        """End, and wait for it."""
        self._over.set()
        self.join()


def measure(painted: bytes, environment: dict[str, str], per_s: int) -> list[Row]:
    """Rows; a minute and a half. `environment`: its home has no agent yet."""
    say(f"a terminal that nobody reads for {STALL_S:.0f} s, {per_s:,} events/s")
    socket = Path(environment["QUARTERDECK_HOME"]) / "agent.sock"
    server = subprocess.Popen(
        (sys.executable, "-m", "benches.stalled", str(socket), str(per_s)),
        env=environment,
        stdout=subprocess.PIPE,
    )
    try:
        if server.stdout is None or not server.stdout.readline():
            raise RuntimeError("the control server did not start; see its words above")
        return _stall(painted, environment, socket, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait()


def _stall(painted: bytes, environment: dict[str, str], socket: Path, agent: psutil.Process) -> list[Row]:
    with Terminal((sys.executable, "-m", "console"), 80, 24, environment) as terminal:
        terminal.read_until(painted, 30)
        terminal.press("2")
        terminal.read_for(3)
        asker = Asker(socket)
        asker.start()
        before_mb = agent.memory_info().rss / 1e6
        time.sleep(STALL_S)
        grown_mb = max(0.0, agent.memory_info().rss / 1e6 - before_mb)
        asker.stop()
        terminal.read_for(4)
        pressed_s = terminal.since_start_s()
        answered_s = terminal.read_answer("1", DECK, 30)
    case = f"unread for {STALL_S:.0f} s"
    return [
        Row(f"{case}: another client's answer, p95", percentile(asker.took_ms, 95), "ms", 50),
        Row(f"{case}: another client's answer, worst", max(asker.took_ms), "ms"),
        Row(f"{case}: another client's questions that failed", asker.failed, "", 0),
        Row(f"{case}: the agent's memory grew by", grown_mb, "MB", 16),
        Row(f"{case}, read again: a key is answered after", answered_s - pressed_s, "s", 1),
    ]


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
