"""Eight streams for ten minutes, with random cancels: nothing may leak, and every stream has an end.

Health and metrics are asked all the while: under this load they must answer within 50 ms.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benches.rows import Row, percentile, say
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch, wait_ready
from console.engine.port import Broken, Generated, GenerateRequest

STREAMS, CONTEXT, THREADS = 8, 1024, 1
MINUTES = 10.0
SETTLE_SHARE = 0.2
"""The first part, in which caches fill for the first time, is not compared."""
TEXT = "Tell the whole story of the lighthouse, the two keepers and the winter in which no ship came. "


@dataclass
class Seen:
    """What the run came to."""

    ends: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    tokens: int = 0
    health_s: list[float] = field(default_factory=list)
    metrics_s: list[float] = field(default_factory=list)
    rss: list[tuple[float, int]] = field(default_factory=list)


def measure(model: Path, minutes: float = MINUTES) -> list[Row]:
    """All rows."""
    return asyncio.run(_soak(model, minutes))


async def _soak(model: Path, minutes: float) -> list[Row]:
    say(f"{STREAMS} streams with random cancels for {minutes:g} minutes")
    seen = Seen()
    async with _serving(model) as engine:
        words = await engine.tokenize(TEXT * 80, False)
        ends_s = time.monotonic() + 60 * minutes
        watching = [asyncio.create_task(_watch(engine, seen, metrics)) for metrics in (False, True)]
        await asyncio.gather(*(_stream(engine, words, n, ends_s, seen) for n in range(STREAMS)))
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        left = await engine.health()
        reused = left.reused_tokens / max(1, left.reused_tokens + left.prompt_tokens)
    return _rows(seen, minutes, left.slots_busy + left.queued, reused)


@asynccontextmanager
async def _serving(model: Path) -> AsyncIterator[LlamaEngine]:
    with tempfile.TemporaryDirectory(prefix="qd-bench-") as folder:
        home = Path(folder)
        launch = EngineLaunch(model, home / "s", CONTEXT, THREADS, 0, home / "log", STREAMS)
        process, engine = await launch.start(), LlamaEngine(launch.socket)
        try:
            await wait_ready(engine, process, 120.0)
            yield engine
        finally:
            await engine.close()
            await process.stop()


async def _stream(
    engine: LlamaEngine, words: tuple[int, ...], number: int, ends_s: float, seen: Seen
) -> None:
    """One client, who asks again and again, and often leaves or cancels."""
    dice = random.Random(number)
    count = 0
    while time.monotonic() < ends_s:
        count += 1
        start = dice.randrange(400)
        prompt = words[start : start + dice.choice((5, 40, 128, 128, 300, 700))]
        request = GenerateRequest(
            f"s{number}-{count}", prompt, f"{dice.getrandbits(256):064x}", 800, dice.choice((8, 64, 128, 250))
        )
        seen.asked += 1
        how = dice.choice(("whole", "whole", "cancel", "leave"))
        seen.ends[await _answer(engine, request, how, dice.randrange(1, 40), seen)] += 1


async def _answer(engine: LlamaEngine, request: GenerateRequest, how: str, after: int, seen: Seen) -> str:
    got = 0
    stream = engine.generate(request)
    async for event in stream:
        if isinstance(event, Generated):
            return event.finish_reason
        if isinstance(event, Broken):
            return event.code
        got += len(event.token_ids)
        seen.tokens += len(event.token_ids)
        if got >= after and how == "leave":
            await stream.aclose()  # type: ignore[attr-defined]
            return "left"
        if got >= after and how == "cancel":
            await engine.cancel(request.id)
            how = "cancelled"
    return "without an end"


async def _watch(engine: LlamaEngine, seen: Seen, metrics: bool) -> None:
    while True:
        started_s = time.monotonic()
        if metrics:
            await engine._client.get("/metrics")
            seen.metrics_s.append(time.monotonic() - started_s)
        else:
            health = await engine.health()
            seen.health_s.append(time.monotonic() - started_s)
            seen.rss.append((started_s, health.rss_bytes))
        await asyncio.sleep(0.1)


def _rows(seen: Seen, minutes: float, left: int, reused: float) -> list[Row]:
    begin_s, end_s = seen.rss[0][0], seen.rss[-1][0]
    settled = [rss for at_s, rss in seen.rss if at_s >= begin_s + SETTLE_SHARE * (end_s - begin_s)]
    part = max(1, len(settled) // 4)
    early, late = statistics.median(settled[:part]), statistics.median(settled[-part:])
    known = ("stop", "length", "cancelled", "left")
    rows = [
        Row("soak: minutes", minutes, "min"),
        Row("soak: streams asked", seen.asked, "streams"),
        Row("soak: tokens received", seen.tokens, "tokens"),
        *(Row(f"soak: ended with {end}", seen.ends[end], "streams") for end in known),
        Row(
            "soak: streams without an end of these",
            seen.asked - sum(seen.ends[e] for e in known),
            "streams",
            0,
        ),
        Row("soak: slots and places in the line still taken", left, "slots", 0),
        Row("soak: memory, first quarter after settling", early / 1e6, "MB RSS"),
        Row("soak: memory, last quarter ÷ that", late / early, "×", 1.05),
        Row("soak: of prompts' tokens taken over", 100 * reused, "%"),
    ]
    for name, waits in (("/health", seen.health_s), ("/metrics", seen.metrics_s)):
        rows.append(Row(f"{name} under this load, p99", 1000 * percentile(waits, 99), "ms", 50))
        rows.append(Row(f"{name} under this load, worst", 1000 * max(waits), "ms"))
    return rows
