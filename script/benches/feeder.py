"""Plays the agent for a console under measurement: `python -m benches.feeder SOCKET JOBS EVENTS_PER_S`.

The state is that of the recording `busy`, its jobs multiplied to JOBS. With 0 events per second the node is
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
from console.control.events import JobChanged, MachineSampled, Ticked, reduce
from console.control.recording import read
from console.control.state import NodeState
from console.protocol.ids import JobId

PACE_S = 0.01
SAMPLE_EVERY_S = 2
"""As `console.agent.machine` does."""


def multiplied(state: NodeState, jobs: int) -> NodeState:
    """`state` with `jobs` jobs, the newest half of them running, as far as a state can hold them."""
    plain = state.jobs[-1]
    for number in range(jobs):
        running = number >= jobs // 2
        job = msgspec.structs.replace(
            plain,
            job=JobId(f"{number:032x}"),
            state="running" if running else plain.state,
            received_ms=state.now_ms - 1000 * (jobs - number),
            lease_until_ms=state.now_ms + 600_000 if running else 0,
        )
        state = reduce(state, state.now_ms, JobChanged(job))
    return state


async def idle(agent: AgentDouble) -> None:
    """Nothing happens, but time and gauges."""
    for second in itertools.count():
        await asyncio.sleep(1.0)
        agent.tell(Ticked(), after_ms=1000)
        if second % SAMPLE_EVERY_S == 0:
            machine = msgspec.structs.replace(agent.state.machine, cpu_percent=3 + second % 5)
            agent.tell(MachineSampled(machine))


async def busy(agent: AgentDouble, per_s: int) -> None:
    """`per_s` jobs' steps each second, on time even when one batch was late."""
    loop = asyncio.get_running_loop()
    start_s, told = loop.time(), 0
    while True:
        await asyncio.sleep(PACE_S)
        due = int((loop.time() - start_s) * per_s)
        while told < due:
            told += 1
            job = agent.state.jobs[told * 7 % len(agent.state.jobs)]
            moved = msgspec.structs.replace(job, tokens=told % 128, tokens_per_s_milli=100_000 + told % 9_000)
            agent.tell(JobChanged(moved))
        agent.tell(Ticked(), after_ms=int(PACE_S * 1000))


async def feed(socket: Path, jobs: int, per_s: int) -> None:
    """Serve for ever; says `ready` on stdout once it listens."""
    async with AgentDouble(socket, read(RECORDINGS / "busy.jsonl")) as agent:
        if jobs:
            agent.state = multiplied(agent.state, jobs)
        print("ready", flush=True)
        await (busy(agent, per_s) if per_s else idle(agent))


if __name__ == "__main__":
    asyncio.run(feed(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
