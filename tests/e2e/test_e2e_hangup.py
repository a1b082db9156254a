"""A terminal that closes takes the console with it, and nothing else."""

from __future__ import annotations

import asyncio
import re
import time

import pyte
import pytest
from doubles.console_terminal import ConsoleTerminal

from e2e.conftest import MakeNet
from e2e.harness import Net

pytestmark = [pytest.mark.e2e, pytest.mark.model]


class Terminal(ConsoleTerminal):
    """A console in it; the test's other tasks go on meanwhile."""

    async def until(self, text: str, patience_s: float = 60) -> None:
        deadline = time.monotonic() + patience_s
        while text.encode() not in self.read():
            assert time.monotonic() < deadline, f"{text!r} never came: {self.seen[-2000:]!r}"
            await asyncio.sleep(0.05)

    async def close(self) -> int:
        """Hang up; the console's exit code."""
        return await asyncio.to_thread(self.hang_up, 20)


async def earned(net: Net) -> int:
    state = net.node(net.plan.yours)
    assert state is not None
    return state.money.total_accepted


async def test_the_node_earns_on_after_a_hangup(network: MakeNet) -> None:
    async with network(nodes=1) as net:
        you = net.plan.yours
        before = net.node(you)
        assert before is not None
        terminal = Terminal(you.home)
        await terminal.until(you.name)
        during = asyncio.create_task(net.chat("Describe a harbour at dawn.", max_tokens=96))
        await terminal.until("running")
        assert await terminal.close() == 128 + 1
        assert (await during).status_code == 200
        assert (await net.chat("Describe a harbour at noon.")).status_code == 200

        async def both_accepted() -> bool:
            return await earned(net) == 2

        await net.until(both_accepted)
        after = net.node(you)
        assert after is not None
        assert (after.node.pid, after.engine.pid) == (before.node.pid, before.engine.pid)
        assert after.engine.restarts == 0
        again = Terminal(you.home)
        await again.until("accepted")
        await again.close()


async def test_a_terminal_that_nobody_reads_costs_no_job(network: MakeNet) -> None:
    """A dead connection that is not reset yet: the console is held up, the node is not; read again, the
    console shows what is true now."""
    async with network(nodes=1) as net:
        you = net.plan.yours
        before = net.node(you)
        assert before is not None
        terminal = Terminal(you.home)
        await terminal.until(you.name)
        for number in range(4):
            assert (await net.chat(f"Describe harbour number {number}.", max_tokens=24)).status_code == 200

        async def all_accepted() -> bool:
            return await earned(net) == 4

        await net.until(all_accepted)
        after = net.node(you)
        assert after is not None
        assert (after.node.pid, after.engine.restarts) == (before.node.pid, before.engine.restarts)
        deadline = time.monotonic() + 30
        while not re.search(r"Jobs 4 +✓ 4 ", shown := picture(terminal.read())):
            assert time.monotonic() < deadline, shown
            await asyncio.sleep(0.1)
        assert await terminal.close() == 128 + 1


def picture(written: bytes) -> str:
    """What a terminal shows that was sent all this, by an emulator that is not ours."""
    screen = pyte.Screen(80, 24)
    pyte.ByteStream(screen).feed(written)
    return "\n".join(screen.display)
