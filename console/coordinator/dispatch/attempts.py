"""One attempt of a job: ticket, draw, assignment, and what the node makes of it until a result or a loss."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from console.coordinator.audits.reference import Reference
from console.coordinator.dispatch.answers import answer
from console.coordinator.draws.draws import Drawn, Draws, Fixed
from console.coordinator.draws.nonces import DRAW, NONCE_BYTES, NonceFor
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import ClientGone, Heard, LiveJob, NodeBack, NodeGone, Remark, Text
from console.coordinator.jobs.results import chunk_fits, malformed, public_code
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import Eligible
from console.coordinator.store import Unit
from console.protocol.canonical import ids_digest
from console.protocol.messages import Ack, Cancel, Chunk, Decline, Failed, Opening
from console.protocol.types import Assignment, Fault, Result


@dataclass(frozen=True, slots=True)
class Lost:
    """The attempt came to nothing, for a public reason."""

    code: str
    fault: Fault


@dataclass(slots=True)
class _Timers:
    """Deadlines on the clock of durations."""

    lease_s: float
    hard_s: float
    """However steadily tokens drip, no attempt lasts longer."""
    ack_s: float | None
    gone_s: float | None = None

    def next_s(self) -> float:
        return min(t for t in (self.lease_s, self.hard_s, self.ack_s, self.gone_s) if t is not None)

    def expired(self, now_s: float) -> Lost:
        if self.gone_s is not None and now_s >= self.gone_s:
            return Lost("node_gone", "node")
        if self.ack_s is not None and now_s >= self.ack_s:
            return Lost("not_acknowledged", "node")
        return Lost("lease_expired", "node")


class Attempts:
    """Carries out attempts; holds nothing of its own."""

    def __init__(self, parts: Parts, registry: Registry, draws: Draws, reference: Reference) -> None:
        self._parts = parts
        self._registry = registry
        self._draws = draws
        self._reference = reference

    async def start(self, live: LiveJob, roster: Eligible, cause: str) -> ClientGone | None:
        """Draw one of `roster` and send it the assignment.

        ClientGone: the client left before it had a ticket, so there is none: it has withheld no nonce, and no
        node works for nobody.

        Raises:
            EpochFullError: the epoch has no seed left.
            StoreError: nothing was sent.
            WithheldError: the client did not reveal its nonce, or not while its ticket's epoch lasted.
        """
        turns, nonce = self._draws.turns, NonceFor(self._parts, live)
        async with turns.draw():
            if live.client_gone:
                return ClientGone()
            if not live.ask.commitment:
                drawn = await self._draws.fix_and_draw(live.job, roster, cause, self._own_nonce)
                self._give(live, roster, drawn)
                return None
            fixed = await self._draws.fix(live.job, roster, cause, live.ask.commitment)
            live.job = fixed.job
            if nonce.at_hand:
                await self._assign(live, roster, fixed, await nonce.reveal(fixed.ticket, fixed.row.signature))
                return None
        # A client takes its time in nobody's turn: a change of epoch would wait for it, and all draws too.
        revealed = await nonce.reveal(fixed.ticket, fixed.row.signature)
        async with turns.draw():
            await self._assign(live, roster, fixed, revealed)
        return None

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
        timers = _Timers(lease_s, lease_s + (1 + live.ahead) * slowest_s, now_s + limits.ack_s)
        while True:
            try:
                wait_s = max(0.0, timers.next_s() - clock.tick_s())
                heard = await live.inbox.next(wait_s)
            except TimeoutError:
                now_s = clock.tick_s()
                lost = timers.expired(now_s)
                if lost.code == "lease_expired" and (until_s := self._waits_until_s(live)) > now_s:
                    timers.lease_s = min(until_s, timers.hard_s)
                    if timers.hard_s > now_s:
                        continue
                return lost
            if isinstance(heard, Result):
                if (done := self._take(live, heard)) is not None:
                    return done if isinstance(done, Lost) else None
                continue
            end = await self._heard(live, heard, timers)
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

    async def _heard(self, live: LiveJob, heard: Heard, timers: _Timers) -> Lost | ClientGone | None:
        now_s = self._parts.clock.tick_s()
        if isinstance(heard, ClientGone):
            return heard
        if isinstance(heard, NodeGone | NodeBack):
            return self._line(live, heard, timers, now_s)
        if isinstance(heard, Opening | Result) or heard.fence != live.job.fence:
            return None
        if isinstance(heard, Decline):
            return Lost(heard.code, "node")
        if isinstance(heard, Failed):
            return Lost(public_code(heard.code), "node")
        timers.ack_s = None
        if isinstance(heard, Ack):
            await self._acknowledged(live)
            return None
        timers.lease_s = now_s + self._parts.policy.lease_s
        return await self._chunk(live, heard)

    def _line(self, live: LiveJob, heard: NodeGone | NodeBack, timers: _Timers, now_s: float) -> Lost | None:
        if heard.node != live.job.node:
            return None
        if isinstance(heard, NodeBack):
            timers.gone_s = None
            return None
        if heard.on_purpose:
            return Lost("node_left", "node")
        timers.gone_s = now_s + self._parts.config.limits.grace_s
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

    async def _assign(self, live: LiveJob, roster: Eligible, fixed: Fixed, nonce: str) -> None:
        drawn = self._draws.draw(fixed, roster, nonce)
        await self._parts.store.transact(lambda unit: self._record(unit, drawn, fixed.job))
        self._give(live, roster, drawn)

    def _give(self, live: LiveJob, roster: Eligible, drawn: Drawn) -> None:
        """Send the drawn node its assignment."""
        live.job = drawn.job
        live.tried.add(drawn.node)
        live.received, live.result = [], None
        live.visible = self._reference.visible(live.ask.stop)
        live.assignment = self._assignment(live, drawn)
        if live.ask.commitment:
            told = {"proof": drawn.proof, "node": drawn.node}
            live.tell(Remark(DRAW, msgspec.json.encode(told).decode()))
        self._registry.listing.drawn(roster, drawn.node)
        live.ahead = self._registry.queues.length(drawn.node)
        self._registry.queues.took(drawn.node, drawn.job.id)
        session = self._registry.session(drawn.node)
        if session is None or not session.send(live.assignment):
            live.inbox.put_nowait(NodeGone(drawn.node, on_purpose=True))

    def _own_nonce(self) -> str:
        return self._parts.entropy(NONCE_BYTES).hex()

    def _record(self, unit: Unit, drawn: Drawn, ticketed: Job) -> None:
        unit.fill_ticket(drawn.row)
        unit.save_job(drawn.job, ticketed)
        unit.add_attempt(drawn.job, drawn.job.changed_ms)

    def _assignment(self, live: LiveJob, drawn: Drawn) -> Assignment:
        return Assignment(
            job=drawn.job.id,
            attempt=drawn.job.attempt,
            fence=drawn.job.fence,
            group=self._parts.served.group,
            prompt_ids=live.ask.prompt_ids,
            temperature_milli=live.ask.temperature_milli,
            max_tokens=live.ask.max_tokens,
            stop=live.ask.stop,
            profile=self._registry.profile(drawn.node),
            lease_s=self._parts.policy.lease_s,
            reward_rate=self._parts.policy.node_rate,
            draw=drawn.proof,
            rules=live.ask.rules,
        )
