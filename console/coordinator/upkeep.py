"""What a coordinator does again and again, whoever asks for what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from console.coordinator.audits.second import SecondVerifier
from console.coordinator.draws.epochs import Epoch
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.store import StoreError, Unit
from console.protocol.messages import EpochOpened
from console.protocol.statements import Stated

log = logging.getLogger(__name__)
SWEEP_S = 0.5
FORGET_S = 60.0


async def each(interval_s: float, step: Callable[[], Awaitable[None]]) -> None:
    """Do `step` every so often until cancelled."""
    while True:
        await asyncio.sleep(interval_s)
        try:
            await step()
        except StoreError as error:
            log.error("%s", error)
        except Exception:  # one bad turn must not end epochs or sweeps for good
            log.exception("a recurring step failed; it is tried again in %s s", interval_s)


class Chores:
    """Tasks that run beside everything, until they are ended together."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *works: Coroutine[Any, Any, None]) -> None:
        """Begin them."""
        self._tasks += [asyncio.create_task(work) for work in works]

    async def end(self) -> None:
        """Cancel them, and wait until they are over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def sweep(parts: Parts, registry: Registry, second: SecondVerifier | None) -> None:
    """Sessions that fell silent are over."""
    for session in registry.sessions():
        if not session.alive(parts.silence_s):
            session.close()
            registry.listing.changed()
    if second is not None:
        await second.rest()


async def forget_evidence(parts: Parts) -> None:
    """Evidence whose time is over, and the oldest of what is more than is kept. Raises StoreError."""
    now_ms, kept = parts.clock.now_ms(), parts.config.evidence

    def forget(unit: Unit) -> None:
        unit.forget_evidence(now_ms)
        unit.trim_evidence(kept.accepted_rows, kept.accepted_bytes)

    await parts.store.transact(forget)


async def announce(parts: Parts, registry: Registry, newest: Stated | None, epoch: Epoch) -> None:
    """Tell every node of an epoch. One that could not be told is cut off, and learns of it as it signs in
    again: with an old commitment it would call every draw wrong. Raises StoreError."""
    sessions = registry.sessions()
    try:
        balances = await parts.store.transact(
            lambda unit: [unit.balances(session.node) for session in sessions]
        )
    except StoreError:
        for session in sessions:
            session.close()
        registry.listing.changed()
        raise
    for session, held in zip(sessions, balances, strict=True):
        session.send(EpochOpened(epoch.number, epoch.seeds.root, held, newest))
