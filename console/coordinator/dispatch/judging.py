"""What becomes of a result: whether it is audited, its opening, its verdict, and the money that follows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from console.coordinator.audits.audits import NOT_AUDITED, NOT_OPENED, Auditor, Judged
from console.coordinator.audits.evidence import Evidence, sealed
from console.coordinator.audits.recompute import Work
from console.coordinator.dispatch.answers import answer
from console.coordinator.dispatch.settle import accept, reject
from console.coordinator.jobs import jobs
from console.coordinator.jobs.endings import ending
from console.coordinator.jobs.live import Ask, LiveJob, NodeBack, NodeGone
from console.coordinator.nodes.outbox import Outbox
from console.coordinator.nodes.probation import probation_of
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.store import StoreError, Track, Unit
from console.ledger import price
from console.ledger.deterrence import PPM
from console.protocol.ids import short
from console.protocol.messages import Opening, OpenRequest
from console.protocol.types import Result
from console.verification.judge import Finding

log = logging.getLogger(__name__)
T = TypeVar("T")
AGAIN_S = 1.0


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    """Do `step` again until the database takes it."""
    while True:
        try:
            return await step()
        except StoreError as error:
            log.error("%s Trying again.", error)
            await asyncio.sleep(AGAIN_S)


class Judging:
    """Brings results to their verdicts."""

    def __init__(self, parts: Parts, registry: Registry, auditor: Auditor, outbox: Outbox) -> None:
        self._parts = parts
        self._registry = registry
        self._auditor = auditor
        self._outbox = outbox

    async def take(self, live: LiveJob, result: Result) -> int:
        """Put the result on record, and with it, unless it is drawn for an audit, its verdict and payment.

        Gives the audit rate, per million. Only then is the node told that its result is ours.
        """
        was, parts = live.job, self._parts

        def settle_unless_drawn(unit: Unit) -> tuple[int, jobs.Job]:
            now_ms, tokens = parts.clock.now_ms(), len(result.token_ids)
            taken = jobs.take_result(was, result.node, result.fence, tokens, now_ms)
            track = unit.track(was.node, parts.policy.probation_answers)
            rate_ppm = self._rate(track, taken, live.ask)
            if parts.secrets.audited(result.job, result.attempt, rate_ppm):
                audited = jobs.audit(taken, now_ms)
                unit.save_job(audited, was)
                return rate_ppm, audited
            judged = self._auditor.judged(live.ask, result, NOT_AUDITED, rate_ppm, Work())
            return rate_ppm, accept(unit, parts, was, taken, judged, track.balances, b"")

        rate_ppm, live.job = await insist(lambda: parts.store.transact(settle_unless_drawn))
        answer(self._registry.session(result.node), result, "taken")
        if live.job.state == "SETTLED":
            self._outbox.deliver(was.node)
            log.info("job %s: accepted (not_audited)", short(was.id))
        return rate_ppm

    async def audit(self, live: LiveJob, result: Result, rate_ppm: int) -> bool:
        """Until there is a verdict; False: the node went away for good before it opened its result."""
        blob, work = await self._opening(live, result), Work()
        if blob is None:
            return False
        live.opening = blob
        finding = await self._find(live, result, blob, work)
        judged = self._auditor.judged(live.ask, result, finding, rate_ppm, work)
        await self._settle(live, judged, self._evidence(live, result, blob, judged, work))
        return True

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

    def _rate(self, track: Track, job: jobs.Job, ask: Ask) -> int:
        """Per million. What a client is told of a node's logits is checked first, every time, and so is what
        shows a node's speed: rubbish is fast."""
        if ask.top_logprobs is not None or ask.only:
            return PPM
        policy = self._parts.policy
        reward = price(policy, job.prompt_tokens, job.completion_tokens).reward
        return probation_of(track, policy, reward).audit_ppm

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

        def accepted(unit: Unit) -> jobs.Job:
            return accept(unit, parts, was, was, judged, unit.balances(was.node), evidence)

        if verdict.outcome == "accepted":
            live.job = await insist(lambda: parts.store.transact(accepted))
        else:
            live.job, suspended = await insist(
                lambda: parts.store.transact(lambda u: reject(u, parts, was, judged, evidence))
            )
            if suspended is not None:
                self._registry.set_suspension(suspended)
            live.tell(ending("answer_rejected"))
        self._outbox.deliver(was.node)
        log.info("job %s: %s (%s)", short(was.id), verdict.outcome, verdict.mode)
