"""Plays the agent for a console under measurement: `python -m benches.feeder SOCKET JOBS EVENTS_PER_S`.

The state is that of the recording `busy`, with JOBS live jobs more. With 0 events per second the node is
idle: a tick each second and the machine's gauges as often as the agent samples them.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

import msgspec
from doubles.agent_double import AgentDouble

from benches.paths import RECORDINGS
from console.control.events import Event, JobChanged, MachineSampled, Ticked
from console.control.job_book import key_of
from console.control.recording import read
from console.control.state import JobView, NodeState
from console.control.store import StateStore
from console.control.wire import Delta, encode_line
from console.protocol.ids import JobId

PACE_S = 0.01
SAMPLE_EVERY_S = 2
"""As `console.agent.machine` does."""


def multiplied(state: NodeState, jobs: int) -> NodeState:
    """`state` with `jobs` live jobs more, all of them running, the newest first."""
    running = msgspec.structs.replace(
        state.jobs[-1], state="running", outcome=None, mode=None, reward=0, ended_ms=0,
        lease_until_ms=state.now_ms + 3_600_000,
    )  # fmt: skip
    live = [
        msgspec.structs.replace(
            running, job=JobId(f"{number:032x}"), received_ms=state.now_ms - 1000 * (jobs - number)
        )
        for number in reversed(range(jobs))
    ]
    return msgspec.structs.replace(state, jobs=(*live, *state.jobs))


class Crowded(AgentDouble):
    """A double that takes in a step of one of many jobs as quickly as the agent does."""

    def hold(self, state: NodeState) -> None:
        """Begin with `state`."""
        self._store = StateStore(state)
        self._keys = [key_of(job) for job in state.jobs]
        self.state = state

    def tell(self, event: Event, *, skip: int = 0, after_ms: int = 0) -> None:
        """As the double does."""
        self.seq += 1 + skip
        self.at_ms += after_ms
        self._store.apply(self.at_ms, event)
        line = encode_line(Delta(self.seq, self.at_ms, event))
        for writer in self._writers:
            writer.write(line)

    def job(self, number: int) -> JobView:
        """One of the jobs that there were at the beginning."""
        job = self._store.book.get(self._keys[number % len(self._keys)])
        assert job is not None
        return job


async def idle(agent: Crowded) -> None:
    """Nothing happens, but time and gauges."""
    for second in itertools.count():
        await asyncio.sleep(1.0)
        agent.tell(Ticked(), after_ms=1000)
        if second % SAMPLE_EVERY_S == 0:
            machine = msgspec.structs.replace(agent.state.machine, cpu_percent=3 + second % 5)
            agent.tell(MachineSampled(machine))


async def busy(agent: Crowded, per_s: int) -> None:
    """`per_s` jobs' steps each second, on time even when one batch was late."""
    loop = asyncio.get_running_loop()
    start_s, start_ms, told = loop.time(), agent.at_ms, 0
    while True:
        await asyncio.sleep(PACE_S)
        past_s = loop.time() - start_s
        for number in range(told, int(past_s * per_s)):
            tokens, speed = number % 128, 100_000 + number % 9_000
            moved = msgspec.structs.replace(agent.job(number * 7), tokens=tokens, tokens_per_s_milli=speed)
            agent.tell(JobChanged(moved), after_ms=start_ms + int(1000 * past_s) - agent.at_ms)
        told = int(past_s * per_s)


async def feed(socket: Path, jobs: int, per_s: int) -> None:
    """Serve for ever; says `ready` on stdout once it listens."""
    agent = Crowded(socket, read(RECORDINGS / "busy.jsonl"))
    async with agent:
        agent.hold(multiplied(agent.state, jobs))
        print("ready", flush=True)
        await (busy(agent, per_s) if per_s else idle(agent))


if __name__ == "__main__":
    asyncio.run(feed(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
