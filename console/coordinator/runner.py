"""One job from its hold to its end: attempts until there is a result, then the verdict, then the money."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from console.coordinator import jobs
from console.coordinator.attempts import Attempts, Lost
from console.coordinator.audits import NOT_AUDITED, NOT_OPENED, Auditor, Judged
from console.coordinator.draws import WithheldError
from console.coordinator.endings import ending
from console.coordinator.epochs import Epochs
from console.coordinator.evidence import Evidence, sealed
from console.coordinator.faults import told
from console.coordinator.live import ClientGone, Done, LiveJob, NodeBack, NodeGone, Text
from console.coordinator.outbox import Outbox
from console.coordinator.parts import Parts
from console.coordinator.probation import probation_of
from console.coordinator.recompute import Work
from console.coordinator.registry import Registry
from console.coordinator.rosters import Eligible, for_one
from console.coordinator.settle import accept, give_back, reject, watch_again
from console.coordinator.store import StoreError, Unit
from console.fairness.audit import NONCE_WITHHELD
from console.ledger import price
from console.ledger.deterrence import PPM
from console.protocol.ids import short
from console.protocol.messages import Opening, OpenRequest
from console.protocol.types import Fault, Result
from console.verification.judge import Finding

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
        attempts: Attempts,
        auditor: Auditor,
        outbox: Outbox,
    ) -> None:
        self._parts = parts
        self._registry = registry
        self._epochs = epochs
        self._attempts = attempts
        self._auditor = auditor
        self._outbox = outbox

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
            return await self._attempts.start(live, roster, cause)
        except LookupError:
            await self._epochs.renew(self._epochs.number)
            return await self._attempts.start(live, roster, cause)

    async def _lost(self, live: LiveJob, lost: Lost) -> None:
        job, now_ms = live.job, self._parts.clock.now_ms()
        self._attempts.call_off(job, lost.code)
        log.info("job %s: attempt %d lost (%s)", short(job.id), job.attempt, lost.code)
        await self._parts.store.transact(lambda unit: unit.end_attempt(job, lost.code, lost.fault, now_ms))

    async def _after_result(self, live: LiveJob, result: Result) -> None:
        done = Done(result.finish_reason, live.job.prompt_tokens, len(result.token_ids))
        if live.ask.streaming:
            rest = live.visible.feed(result.token_ids[len(live.received) :], final=True)
        else:
            rest = live.visible.feed(result.token_ids, final=True)
        whole = live.whole = (Text(rest), done) if rest else (done,)
        if live.ask.streaming:
            _tell(live, whole)
        wait_s = self._parts.config.limits.verdict_wait_s
        patience = asyncio.get_running_loop().call_later(wait_s, _tell, live, whole)
        if live.ask.top_logprobs is not None:
            patience.cancel()  # they come out of the opening, so this answer waits for its verdict
        try:
            await self._judge(live, result)
        finally:
            patience.cancel()
        if live.job.state == "SETTLED":
            _tell(live, whole)

    async def _judge(self, live: LiveJob, result: Result) -> None:
        was, work, parts = live.job, Work(), self._parts

        def settle_unless_drawn(unit: Unit) -> tuple[int, jobs.Job]:
            rate_ppm = self._rate(unit, live)
            if parts.secrets.audited(result.job, result.attempt, rate_ppm):
                audited = jobs.audit(was, parts.clock.now_ms())
                unit.save_job(audited, was)
                return rate_ppm, audited
            judged = self._auditor.judged(live.ask, result, NOT_AUDITED, rate_ppm, work)
            return rate_ppm, accept(unit, parts, was, judged, b"")

        rate_ppm, live.job = await self._insist(lambda: parts.store.transact(settle_unless_drawn))
        if live.job.state == "SETTLED":
            self._outbox.deliver(was.node)
            log.info("job %s: accepted (not_audited)", short(was.id))
            return
        blob = await self._opening(live, result)
        if blob is None:
            await self._give_up(live, "node", "gone_before_opening")
            return
        live.opening = blob
        finding = await self._find(live, result, blob, work)
        judged = self._auditor.judged(live.ask, result, finding, rate_ppm, work)
        await self._settle(live, judged, self._evidence(live, result, blob, judged, work))

    async def _find(self, live: LiveJob, result: Result, blob: bytes, work: Work) -> Finding:
        if not blob or live.assignment is None:
            return NOT_OPENED
        return await self._auditor.judge(live.ask, live.assignment.draw, result, blob, work)

    def _evidence(self, live: LiveJob, result: Result, blob: bytes, judged: Judged, work: Work) -> bytes:
        ask, given = live.ask, live.assignment
        if given is None:
            return b""
        asked = (ask.prompt_ids, ask.temperature_milli, ask.max_tokens, ask.stop)
        evidence = Evidence(
            *asked,
            draw=given.draw,
            result=result,
            opening=blob,
            verdict=judged.verdict,
            verifier=self._auditor.profile,
            windows=work.windows,
            audit_positions=self._parts.policy.audit_positions,
            calibration=work.calibration,
            rules=ask.rules,
        )
        return sealed(self._parts, evidence)

    def _rate(self, unit: Unit, live: LiveJob) -> int:
        """Per million. What a client is told of a node's logits is checked first, every time, and so is what
        shows a node's speed: rubbish is fast."""
        if live.ask.top_logprobs is not None or live.ask.only:
            return PPM
        policy, job = self._parts.policy, live.job
        reward = price(policy, job.prompt_tokens, job.completion_tokens).reward
        return probation_of(unit, policy, job.node, reward).audit_ppm

    async def _opening(self, live: LiveJob, result: Result) -> bytes | None:
        """The blob; empty when a connected node does not open; None when the node is gone for good."""
        clock, limits = self._parts.clock, self._parts.config.limits
        hard_s = clock.tick_s() + limits.reconnect_s + 2 * limits.opening_s
        here = self._request_opening(live, result)
        until_s = clock.tick_s() + (limits.opening_s if here else limits.reconnect_s)
        while True:
            try:
                wait_s = max(0.0, min(until_s, hard_s) - clock.tick_s())
                heard = await live.inbox.next(wait_s)
            except TimeoutError:
                return b"" if here else None
            if isinstance(heard, Opening) and (heard.job, heard.attempt) == (result.job, result.attempt):
                return heard.blob
            if isinstance(heard, NodeGone) and heard.node == result.node:
                here, until_s = False, clock.tick_s() + limits.reconnect_s
            if isinstance(heard, NodeBack) and heard.node == result.node:
                here, until_s = self._request_opening(live, result), clock.tick_s() + limits.opening_s

    def _request_opening(self, live: LiveJob, result: Result) -> bool:
        session = self._registry.session(result.node)
        live.opening_due = session is not None and session.send(OpenRequest(result.job, result.attempt))
        return live.opening_due

    async def _settle(self, live: LiveJob, judged: Judged, evidence: bytes) -> None:
        """Verdict and money, however long the database takes to come back."""
        was, parts, verdict = live.job, self._parts, judged.verdict
        if verdict.outcome == "accepted":
            live.job = await self._insist(
                lambda: parts.store.transact(lambda u: accept(u, parts, was, judged, evidence))
            )
        else:
            live.job, suspended = await self._insist(
                lambda: parts.store.transact(lambda u: reject(u, parts, was, judged, evidence))
            )
            if suspended is not None:
                self._registry.set_suspension(suspended)
            live.tell(ending("answer_rejected"))
        self._outbox.deliver(was.node)
        log.info("job %s: %s (%s)", short(was.id), verdict.outcome, verdict.mode)

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

        live.job = await self._insist(lambda: parts.store.transact(undo))
        log.info("job %s: %s (%s)", short(last.id), live.job.state.lower(), code)
        live.tell(ending(code, live.job.price))

    async def _insist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do `step` again until the database takes it."""
        while True:
            try:
                return await step()
            except StoreError as error:
                log.error("%s Trying again.", error)
                await asyncio.sleep(_AGAIN_S)


def _tell(live: LiveJob, events: tuple[Text | Done, ...]) -> None:
    for event in events:
        live.tell(event)


def _no_answer(cause: str) -> str:
    return "no_node" if cause == "request" else "no_answer"
