"""One attempt of a job, from its assignment on: what the node makes of it, until a result or a loss."""

from __future__ import annotations

from console.coordinator.audits.reference import Reference
from console.coordinator.dispatch.answers import answer
from console.coordinator.dispatch.deadlines import Deadlines, Lost
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import ClientGone, Heard, LiveJob, NodeBack, NodeGone, Text
from console.coordinator.jobs.results import chunk_fits, malformed, public_code
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.protocol.canonical import ids_digest
from console.protocol.messages import Ack, Cancel, Chunk, Decline, Failed, Opening
from console.protocol.types import Result


class Attempts:
    """Follows attempts; holds nothing of its own."""

    def __init__(self, parts: Parts, registry: Registry, reference: Reference) -> None:
        self._parts = parts
        self._registry = registry
        self._reference = reference

    async def follow(self, live: LiveJob) -> Lost | ClientGone | None:
        """Until there is a result (None) or the attempt is lost. Raises StoreError."""
        try:
            return await self._follow(live)
        finally:
            self._registry.queues.answered(live.job.node, live.job.id)

    async def save(self, live: LiveJob, job: Job) -> None:
        """Write a step of `live` and go on from it. Raises StoreError, ConflictError."""
        was = live.job
        await self._parts.store.transact(lambda unit: unit.save_job(job, was))
        live.job = job

    def call_off(self, job: Job, reason: str) -> None:
        """Tell the node to stop."""
        if (session := self._registry.session(job.node)) is not None:
            session.send(Cancel(job.id, job.attempt, job.fence, reason))

    async def _follow(self, live: LiveJob) -> Lost | ClientGone | None:
        clock, policy, limits = self._parts.clock, self._parts.policy, self._parts.config.limits
        now_s = clock.tick_s()
        slowest_s = live.ask.max_tokens * 1000 / max(1, policy.min_milli_tokens_per_s)
        lease_s = now_s + policy.lease_s
        deadlines = Deadlines(lease_s, lease_s + (1 + live.ahead) * slowest_s, now_s + limits.ack_s)
        while True:
            try:
                wait_s = max(0.0, deadlines.next_s() - clock.tick_s())
                heard = await live.inbox.next(wait_s)
            except TimeoutError:
                now_s = clock.tick_s()
                lost = deadlines.expired(now_s)
                if lost.code == "lease_expired" and (until_s := self._waits_until_s(live)) > now_s:
                    deadlines.lease_s = min(until_s, deadlines.hard_s)
                    if deadlines.hard_s > now_s:
                        continue
                return lost
            if isinstance(heard, Result):
                if (done := self._take(live, heard)) is not None:
                    return done if isinstance(done, Lost) else None
                continue
            end = await self._heard(live, heard, deadlines)
            if end is not None:
                return end

    def _waits_until_s(self, live: LiveJob) -> float:
        """Until when a job without a token yet keeps its lease: for as long as its node works on another.

        A node that is slow takes the jobs of its queue one after the other; that they wait is no fault of it.
        """
        session = self._registry.session(live.job.node)
        if session is None or live.received or live.job.state != "ACKED":
            return 0.0
        return session.worked_s + self._parts.policy.lease_s

    async def _heard(self, live: LiveJob, heard: Heard, deadlines: Deadlines) -> Lost | ClientGone | None:
        if isinstance(heard, ClientGone):
            return heard
        if isinstance(heard, NodeGone | NodeBack):
            return self._line(live, heard, deadlines)
        if isinstance(heard, Opening | Result) or heard.fence != live.job.fence:
            return None
        if isinstance(heard, Decline):
            return Lost(heard.code, "node")
        if isinstance(heard, Failed):
            return Lost(public_code(heard.code), "node")
        deadlines.ack_s = None
        if isinstance(heard, Ack):
            await self._acknowledged(live)
            return None
        deadlines.lease_s = self._parts.clock.tick_s() + self._parts.policy.lease_s
        return await self._chunk(live, heard)

    def _line(self, live: LiveJob, heard: NodeGone | NodeBack, deadlines: Deadlines) -> Lost | None:
        if heard.node != live.job.node:
            return None
        if isinstance(heard, NodeBack):
            deadlines.gone_s = None
            return None
        if heard.on_purpose:
            return Lost("node_left", "node")
        deadlines.gone_s = self._parts.clock.tick_s() + self._parts.config.limits.grace_s
        return None

    async def _acknowledged(self, live: LiveJob) -> None:
        """Written, unless the next step is here already: that one says it too."""
        job, inbox = live.job, live.inbox
        if job.state == "ASSIGNED" and not (inbox.holds(Chunk, job) or inbox.holds(Result, job)):
            await self.save(live, jobs.ack(job, job.node, job.fence, self._parts.clock.now_ms()))

    async def _chunk(self, live: LiveJob, chunk: Chunk) -> Lost | None:
        """As `_acknowledged`: a job whose result is here already goes there at once."""
        if not chunk_fits(chunk, live.received, live.ask.max_tokens, self._reference.vocabulary):
            return Lost("malformed", "node")
        if chunk.start == len(live.received):
            live.received.extend(chunk.token_ids)
            if live.ask.streaming and (text := live.visible.feed(chunk.token_ids)):
                live.shown = True
                live.tell(Text(text))
        job = live.job
        if job.state != "RUNNING" and not live.inbox.holds(Result, job):
            await self.save(live, jobs.run(job, job.node, job.fence, self._parts.clock.now_ms()))
        return None

    def _take(self, live: LiveJob, result: Result) -> Lost | Result | None:
        """The result if it is an answer to what was asked; None for one that does not count. It is not on
        record yet, and the node has not been told that it is ours."""
        given = live.assignment
        if given is None or not live.holds(result.node, result.attempt, result.fence):
            answer(self._registry.session(result.node), result, "stale")
            return None
        digest = ids_digest(live.ask.prompt_ids)
        why = malformed(result, given, digest, live.received, self._reference.vocabulary)
        if why:
            answer(self._registry.session(result.node), result, "malformed", why)
            return Lost("malformed", "node")
        live.result = result
        return result
