"""Clients that send prompts through the gateway at random times, as strangers would."""

from __future__ import annotations

import asyncio
import contextlib
import random

import httpx

from console.practice.prompts import Ask, next_ask

KEY = "practice-client"
"""The key that the clients present; the practice coordinator takes any."""
_IN_FLIGHT = 6


class Clients:
    """Sends requests until told to stop; waits for those under way."""

    def __init__(self, base_url: str, model: str, interval_s: float, rng: random.Random) -> None:
        """`base_url`: the gateway, e.g. `http://127.0.0.1:8800`; `interval_s`: mean time between requests."""
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=httpx.Timeout(300, connect=10),
            trust_env=False,
        )
        self._model = model
        self._interval_s = interval_s
        self._rng = rng
        self._under_way: set[asyncio.Task[None]] = set()

    async def send_until(self, stop: asyncio.Event) -> None:
        """Send at exponential intervals until `stop`; a full house waits instead of piling up."""
        while not stop.is_set():
            if len(self._under_way) < _IN_FLIGHT:
                task = asyncio.create_task(self._send(next_ask(self._rng)))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            pause_s = min(self._rng.expovariate(1 / self._interval_s), 4 * self._interval_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def finish(self, timeout_s: float) -> None:
        """Wait for what is under way, then close."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=timeout_s)
        for task in set(self._under_way):
            task.cancel()
        await self._http.aclose()

    async def _send(self, ask: Ask) -> None:
        body = {
            "model": self._model,
            "messages": list(ask.messages),
            "max_tokens": ask.max_tokens,
            "temperature": ask.temperature,
            "stream": ask.stream,
        }
        # An answer that fails is the network's to count; the client of a practice run does not mind.
        with contextlib.suppress(httpx.HTTPError):
            async with self._http.stream("POST", "/v1/chat/completions", json=body) as reply:
                async for _ in reply.aiter_bytes():
                    pass
