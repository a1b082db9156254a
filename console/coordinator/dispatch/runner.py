"""One job from its hold to its end: attempts until there is a result, then the verdict, then the money."""

from __future__ import annotations

import asyncio
import logging
from typing import TypeVar

from console.coordinator.dispatch.assigning import Assigning
from console.coordinator.dispatch.attempts import Attempts
from console.coordinator.dispatch.deadlines import Lost
from console.coordinator.dispatch.judging import Judging, insist
from console.coordinator.dispatch.settle import give_back, watch_again
from console.coordinator.draws.draws import EpochFullError, WithheldError
from console.coordinator.draws.epochs import Epochs
from console.coordinator.jobs import jobs
from console.coordinator.jobs.endings import ending
from console.coordinator.jobs.faults import told
from console.coordinator.jobs.live import ClientGone, Done, LiveJob, Text
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import Eligible, for_one
from console.coordinator.store import Unit
from console.fairness.audit import NONCE_WITHHELD
from console.protocol.ids import short
from console.protocol.types import Fault, Result

log = logging.getLogger(__name__)
T = TypeVar("T")
_LOOK_S = 0.1
_NOBODY: Fault = "nobody"
_AGAIN_S = 1.0


class Runner:
    """Runs jobs; each in a task of its own."""

    def __init__(
        self,
        parts: Parts,
        registry: Registry,
        epochs: Epochs,
        assigning: Assigning,
        attempts: Attempts,
        judging: Judging,
    ) -> None:
        self._parts = parts
        self._registry = registry
        self._epochs = epochs
        self._assigning = assigning
        self._attempts = attempts
        self._judging = judging

    async def run(self, live: LiveJob) -> None:
        """Until the job is final. What goes wrong here is the coordinator's fault, and refunded."""
        try:
            if await self._until_result(live) and live.result is not None:
                await self._after_result(live, live.result)
        except Exception as error:
            log.error("job %s: %s", short(live.job.id), told(error))
            await self._give_up(live, "coordinator", "coordinator_failed")

    async def _until_result(self, live: LiveJob) -> bool:
        cause, fault = "request", _NOBODY
        while live.job.attempt < self._parts.policy.max_attempts:
            roster = await self._roster(live)
            if isinstance(roster, ClientGone):
                await self._give_up(live, "client", "cancelled")
                return False
            if not roster.chances:
                break
            try:
                gone = await self._start(live, roster, cause)
            except WithheldError:
                await self._give_up(live, "client", NONCE_WITHHELD)
                return False
            lost = gone or await self._attempts.follow(live)
            if lost is None:
                return True
            if isinstance(lost, ClientGone):
                self._attempts.call_off(live.job, "The client left.")
                await self._give_up(live, "client", "cancelled")
                return False
            await self._lost(live, lost)
            cause, fault = lost.code, lost.fault
            if live.shown:
                break
        await self._give_up(live, fault, "interrupted" if live.shown else _no_answer(cause))
        return False

    async def _roster(self, live: LiveJob) -> Eligible | ClientGone:
        """Who may be drawn; a first attempt waits for a node whose queue is full."""
        clock, need = self._parts.clock, live.job.prompt_tokens + live.job.max_tokens
        until_s = clock.tick_s() + self._parts.config.limits.queue_wait_s
        while True:
            roster = self._registry.eligible(need, frozenset(live.tried))
            if live.ask.only:
                return for_one(roster, live.ask.only)
            waiting = not live.tried and clock.tick_s() < until_s and self._registry.would_serve(need)
            if roster.chances or not waiting:
                return roster
            try:
                heard = await live.inbox.next(_LOOK_S)
            except TimeoutError:
                continue
            if isinstance(heard, ClientGone):
                return heard

    async def _start(self, live: LiveJob, roster: Eligible, cause: str) -> ClientGone | None:
        try:
            return await self._assigning.start(live, roster, cause)
        except EpochFullError as full:
            await self._epochs.renew(full.epoch)
            return await self._assigning.start(live, roster, cause)

    async def _lost(self, live: LiveJob, lost: Lost) -> None:
        job, now_ms = live.job, self._parts.clock.now_ms()
        self._attempts.call_off(job, lost.code)
        log.info("job %s: attempt %d lost (%s)", short(job.id), job.attempt, lost.code)
        await self._parts.store.transact(lambda unit: unit.end_attempt(job, lost.code, lost.fault, now_ms))

    async def _after_result(self, live: LiveJob, result: Result) -> None:
        live.whole = _whole(live, result)
        rate_ppm = await self._judging.take(live, result)
        settled = live.job.state == "SETTLED"
        if settled or live.ask.streaming:
            _tell(live, live.whole)
        if not settled:
            await self._audit(live, result, rate_ppm)

    async def _audit(self, live: LiveJob, result: Result, rate_ppm: int) -> None:
        """To the verdict. A client is told its answer before it where that takes long."""
        wait_s = self._parts.config.limits.verdict_wait_s
        patience = asyncio.get_running_loop().call_later(wait_s, _tell, live, live.whole)
        if live.ask.top_logprobs is not None:
            patience.cancel()  # they come out of the opening, so this answer waits for its verdict
        try:
            judged = await self._judging.audit(live, result, rate_ppm)
        finally:
            patience.cancel()
        if not judged:
            await self._give_up(live, "node", "gone_before_opening")
        if live.job.state == "SETTLED":
            _tell(live, live.whole)

    async def _give_up(self, live: LiveJob, fault: Fault, code: str) -> None:
        parts, last = self._parts, live.job
        revealed = live.nonce.done() and not live.nonce.cancelled()
        withheld = code == NONCE_WITHHELD and not revealed  # else its epoch ended first, and that is nobody's

        def undo(unit: Unit) -> jobs.Job:
            was = unit.job(last.id) or last
            if was.state in jobs.FINAL:
                return was
            if code == "gone_before_opening":
                watch_again(unit, parts, was.node)
            return give_back(unit, parts, was, fault, code, withheld=withheld)

        live.job = await insist(lambda: parts.store.transact(undo))
        log.info("job %s: %s (%s)", short(last.id), live.job.state.lower(), code)
        live.tell(ending(code, live.job.price))


def _whole(live: LiveJob, result: Result) -> tuple[Text | Done, ...]:
    """What is left to tell the client once the answer is whole."""
    shown = len(live.received) if live.ask.streaming else 0
    rest = live.visible.feed(result.token_ids[shown:], final=True)
    done = Done(result.finish_reason, live.job.prompt_tokens, len(result.token_ids))
    return (Text(rest), done) if rest else (done,)


def _tell(live: LiveJob, events: tuple[Text | Done, ...]) -> None:
    for event in events:
        live.tell(event)


def _no_answer(cause: str) -> str:
    return "no_node" if cause == "request" else "no_answer"
