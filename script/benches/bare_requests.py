"""Bare requests over NATS, as large as an assignment and a result: the ceiling of the bench `settled`.

Nothing is signed, drawn, kept or paid. Those that answer are connections of their own in one process; the
asker picks one of them by chance for each request.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg

from benches.paths import inherited
from benches.rows import percentile
from console.coordinator.transport.private_nats import HOST, find_program, free_port

QUESTION_BYTES, ANSWER_BYTES = 2500, 900
_START_S = 20.0


@dataclass(frozen=True, slots=True)
class Bare:
    """What it came to."""

    per_s: float
    p50_ms: float
    p99_ms: float


def measure(answering: int, in_flight: int, lasts_s: float) -> Bare:
    """With a server of its own. Raises TransportError: NATS's server is not installed."""
    address = f"nats://{HOST}:{free_port()}"
    server = subprocess.Popen(
        [str(find_program()), "-a", HOST, "-p", address.rpartition(":")[2]], stderr=subprocess.DEVNULL
    )
    words = [sys.executable, "-m", "benches.bare_requests", address, str(answering)]
    others = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=inherited())
    try:
        assert others.stdout is not None
        if others.stdout.readline() != "ready\n":
            raise RuntimeError("those that answer bare requests did not come up")
        return asyncio.run(_ask(address, answering, in_flight, lasts_s))
    finally:
        for process in (others, server):
            process.kill()
            process.wait()


async def _ask(address: str, answering: int, in_flight: int, lasts_s: float) -> Bare:
    client = await _connected(address)
    taken_s: list[float] = []
    question, began_s = bytes(QUESTION_BYTES), time.perf_counter()

    async def keep_asking() -> None:
        while (asked_s := time.perf_counter()) < began_s + lasts_s:
            await client.request(f"bare.{random.randrange(answering)}", question, timeout=_START_S)
            taken_s.append(time.perf_counter() - asked_s)

    await asyncio.gather(*(keep_asking() for _ in range(in_flight)))
    lasted_s = time.perf_counter() - began_s
    await client.close()
    return Bare(len(taken_s) / lasted_s, *(1000 * percentile(taken_s, share) for share in (50, 99)))


async def _connected(address: str) -> Client:
    client, until_s = Client(), time.monotonic() + _START_S
    while True:
        try:
            await client.connect(address, allow_reconnect=False, connect_timeout=5)
        except Exception:
            if time.monotonic() > until_s:
                raise
            await asyncio.sleep(0.05)
        else:
            return client


async def _answer(address: str, answering: int) -> None:
    reply = bytes(ANSWER_BYTES)

    async def came(message: Msg) -> None:
        await message.respond(reply)

    for number in range(answering):
        client = await _connected(address)
        await client.subscribe(f"bare.{number}", cb=came)
        await client.flush()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_answer(sys.argv[1], int(sys.argv[2])))
