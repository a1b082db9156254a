"""Staying connected: dial, beat, listen, and dial again for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from console.network.backoff import delay_s
from console.network.port import Claim, LinkError, Network, RefusedError, Session
from console.protocol.frames import presence_bytes
from console.protocol.keys import verify
from console.protocol.messages import FromCoordinator, Heartbeat, Presence, Refused
from console.protocol.reasons import PASSING_REFUSALS

SILENCE_BEATS = 5
"""A coordinator that says nothing for so many heartbeats (and 10 s) is taken for gone."""
LONGEST_INTERVAL_S = 600.0
"""Whatever heartbeat the policy names: a node that is never heard of could not be called alive."""
REFUSED_RETRY_S = 30.0
PASSING = (*PASSING_REFUSALS, "duplicate_identity")
"""Refusals that may be over in a moment: after a crash, the node's own last connection counts as another."""
STEADY_S = 5.0
"""A session that held for so long starts the backoff anew; one that breaks at once does not."""


class Dialling(msgspec.Struct, frozen=True):
    """A try begins."""


class Connected(msgspec.Struct, frozen=True):
    """Signed in; what is owed may be sent now."""

    session: object


class Beat(msgspec.Struct, frozen=True):
    """A presence receipt with a good signature, and the round trip that it took."""

    presence: Presence
    round_trip_ms: int | None


class Parted(msgspec.Struct, frozen=True):
    """No connection. `refused` when the network, or this node's own caution, said no."""

    sentence: str
    retry_in_s: float
    refused: Refused | None = None


class Line(Protocol):
    """The agent's end: what to claim, how the node is, and what to do with what happens."""

    async def claim(self) -> Claim:
        """What to sign in with; waits until there is something to offer."""
        ...

    def heartbeat(self) -> Heartbeat:
        """How the node is now."""
        ...

    async def connected(self, session: Session) -> None:
        """A session began."""
        ...

    async def heard(self, message: FromCoordinator | Beat) -> None:
        """The network said something."""
        ...

    async def parted(self, news: Dialling | Parted) -> None:
        """There is no session now."""
        ...


class Dialler:
    """Keeps one node connected to one network."""

    def __init__(self, network: Network, line: Line, jitter: Callable[[], float]) -> None:
        """`jitter`: random numbers in [0, 1)."""
        self._network = network
        self._line = line
        self._jitter = jitter
        self._sent_at: dict[int, float] = {}
        self._heard_at = 0.0

    async def run(self) -> None:
        """Until cancelled. Every failure is told to the line, none ends the loop."""
        failures = 0
        while True:
            claim = await self._line.claim()
            await self._line.parted(Dialling())
            try:
                session = await self._network.connect(claim)
                began = time.monotonic()
                try:
                    await self._hold(session)
                finally:
                    failures = 0 if time.monotonic() - began > STEADY_S else failures
                news = Parted("the connection ended", 0)
            except LinkError as error:
                news = Parted(str(error), 0)
            except RefusedError as error:
                news = Parted(str(error), 0, error.refused)
            failures += 1
            wait_s = delay_s(failures, self._jitter())
            if news.refused is not None and news.refused.code not in PASSING:
                wait_s = max(wait_s, REFUSED_RETRY_S * (0.5 + 0.5 * self._jitter()))
            await self._line.parted(msgspec.structs.replace(news, retry_in_s=wait_s))
            await asyncio.sleep(wait_s)

    async def _hold(self, session: Session) -> None:
        self._sent_at.clear()
        self._heard_at = time.monotonic()
        beating = asyncio.create_task(self._beat(session))
        listening = asyncio.create_task(self._listen(session))
        try:
            await self._line.connected(session)
            done, _ = await asyncio.wait({beating, listening}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _end(beating, listening)
            await session.close()

    async def _beat(self, session: Session) -> None:
        interval_s = float(min(max(0.05, session.challenge.policy.heartbeat_s), LONGEST_INTERVAL_S))
        patience_s = max(10.0, SILENCE_BEATS * interval_s)
        while True:
            beat = self._line.heartbeat()
            self._sent_at[beat.sent_ms] = time.monotonic()
            while len(self._sent_at) > 64:
                self._sent_at.pop(next(iter(self._sent_at)))
            await session.send(beat)
            await asyncio.sleep(interval_s)
            silent_s = time.monotonic() - self._heard_at
            if silent_s > patience_s:
                raise LinkError(f"the coordinator has said nothing for {silent_s:.0f} s")

    async def _listen(self, session: Session) -> None:
        async for message in session.messages():
            self._heard_at = time.monotonic()
            if isinstance(message, Presence):
                await self._line.heard(self._checked(message, session))
            else:
                await self._line.heard(message)

    def _checked(self, presence: Presence, session: Session) -> Beat:
        if not verify(session.challenge.coordinator, presence_bytes(presence), presence.signature):
            raise LinkError(
                "it sent a presence receipt whose signature is wrong, so the connection was ended"
            )
        sent = self._sent_at.pop(presence.echo_ms, None)
        round_trip_ms = None if sent is None else max(0, round((time.monotonic() - sent) * 1000))
        return Beat(presence, round_trip_ms)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    # gather, since awaiting a cancelled task looks like being cancelled oneself: that must not be lost
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, LinkError):
            raise outcome
