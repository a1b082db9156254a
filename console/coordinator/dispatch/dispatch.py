"""The jobs that live, and the way of every message to the job that it is about."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from console.coordinator.audits.reference import Reference
from console.coordinator.dispatch.answers import answer, answer_late
from console.coordinator.dispatch.last_words import STOPPING, say_last_words
from console.coordinator.dispatch.runner import Runner
from console.coordinator.dispatch.settle import give_back, open_job
from console.coordinator.dispatch.waiting import UNDRAWN, Waiting
from console.coordinator.draws.nonces import reveals
from console.coordinator.jobs.faults import told
from console.coordinator.jobs.jobs import WITH_NODE, Job
from console.coordinator.jobs.live import Ask, ClientGone, LiveJob, NodeBack, NodeGone
from console.coordinator.nodes.registry import Registry
from console.coordinator.nodes.sessions import Session
from console.coordinator.parts import Parts
from console.coordinator.store import Unit
from console.protocol.frames import FrameError
from console.protocol.ids import JobId
from console.protocol.messages import Ack, Chunk, Decline, Failed, Opening
from console.protocol.types import Result

log = logging.getLogger(__name__)
Admit = Callable[[Unit, Job], None]
_INBOX_LIMIT = 512
"""Messages of a node about one job that wait while the database is slow: half a minute of a good node's."""


class Dispatch:
    """Takes jobs in and routes what nodes say about them."""

    def __init__(self, parts: Parts, registry: Registry, reference: Reference, runner: Runner) -> None:
        self._parts = parts
        self._registry = registry
        self._reference = reference
        self._runner = runner
        self._live: dict[JobId, LiveJob] = {}
        self._waiting = Waiting(self._live, parts.clock, parts.config.limits.queued_comment_s)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def full(self) -> bool:
        """Whether as many jobs live as may, which is none when it ends."""
        return self._stopping or len(self._live) >= self._parts.config.limits.open_jobs

    def open_of(self, client: str) -> int:
        """Jobs of one client that live."""
        return sum(live.ask.client == client for live in self._live.values())

    @property
    def with_logprobs(self) -> int:
        """Jobs that live and are audited for their log-probabilities."""
        return sum(live.ask.top_logprobs is not None for live in self._live.values())

    @property
    def stopping(self) -> bool:
        """Whether nothing is taken on any more."""
        return self._stopping

    async def submit(self, ask: Ask, admit: Admit) -> LiveJob:
        """Hold the money for a request and set it going.

        `admit` is called with the job in the transaction that holds the money; what it raises undoes both.

        Raises:
            OverdrawnError: the client cannot pay for it.
            StoreError: nothing was taken on.
        """

        def take_on(unit: Unit) -> Job:
            held = open_job(unit, self._parts, job)
            admit(unit, held)
            return held

        job = Job(
            id=JobId(self._parts.fresh_id()),
            client=ask.client,
            group=self._parts.served.group,
            prompt_tokens=len(ask.prompt_ids),
            max_tokens=ask.max_tokens,
            received_ms=self._parts.clock.now_ms(),
            key=ask.key,
        )
        if self._stopping:  # nothing is held that nobody would refund
            return self._refused(job, ask)
        held = await self._parts.store.transact(take_on)
        if not ask.only:  # what the network asks by itself is no demand
            self._registry.census.requested(self._parts.clock.tick_s())
        if self._stopping:  # since the hold was asked for; `recover` refunds it
            return self._refused(held, ask)
        live = LiveJob(held, ask, self._reference.visible(ask.stop))
        self._live[job.id] = live
        self._spawn(self._run(live))
        return live

    def _refused(self, job: Job, ask: Ask) -> LiveJob:
        live = LiveJob(job, ask, self._reference.visible(ask.stop))
        live.tell(STOPPING)
        return live

    def reveal(self, job: str, nonce: str) -> bool | None:
        """A client reveals its nonce: whether it fits its commitment; None for a job that waits for none."""
        live = self._live.get(JobId(job))
        return None if live is None or not live.ask.commitment else reveals(live, nonce)

    def ahead(self, live: LiveJob) -> int | None:
        """How many jobs come before this one, where it waits; None once its answer has begun.

        Before the draw: those that wait for a node and came earlier. After it: those that the drawn node
        was given earlier and has not answered. The former as they were a comment's interval ago, at most.
        """
        if live.job.state in ("ASSIGNED", "ACKED"):
            return self._registry.queues.before(live.job.node, live.job.id)
        if live.job.state not in UNDRAWN:
            return None
        return self._waiting.ahead(live.job.id)

    def cancel(self, live: LiveJob) -> None:
        """The client left."""
        if not live.client_gone:
            live.client_gone = True
            live.nonce.cancel()
            live.inbox.put_nowait(ClientGone())

    async def hear(
        self, session: Session, message: Ack | Decline | Chunk | Failed | Result | Opening
    ) -> None:
        """A node said something about a job. What is not under the current fence does not count.

        Raises:
            FrameError: it says more than is read.
            StoreError: a result that came late could not be looked up.
        """
        live = self._live.get(message.job)
        if isinstance(message, Chunk | Result) and live is not None and live.job.node == session.node:
            session.works()
        if isinstance(message, Result):
            await self._result(session, live, message)
            return
        if live is None or live.job.node != session.node or message.attempt != live.job.attempt:
            return
        if isinstance(message, Opening):
            self._opening(live, message)
        elif message.fence == live.job.fence and live.result is None:
            if live.inbox.qsize() >= _INBOX_LIMIT:
                raise FrameError("more about one job than can be read")
            live.inbox.put_nowait(message)

    def _opening(self, live: LiveJob, opening: Opening) -> None:
        """One per request: blobs are large, and wait in memory while the reference is busy."""
        if live.opening_due:
            live.opening_due = False
            live.inbox.put_nowait(opening)

    def gone(self, session: Session) -> None:
        """A node's connection ended."""
        for live in self._of(session):
            live.inbox.put_nowait(NodeGone(session.node, on_purpose=session.leaving))

    def back(self, session: Session) -> None:
        """A node signed in."""
        for live in self._of(session):
            live.inbox.put_nowait(NodeBack(session.node))

    async def recover(self) -> int:
        """Refund what a coordinator that ended left open: its prompts are lost. How many jobs that were."""

        def refund_all(unit: Unit) -> int:
            left = unit.open_jobs()
            for job in left:
                give_back(unit, self._parts, job, "coordinator", "coordinator_restarted")
            return len(left)

        return await self._parts.store.transact(refund_all)

    async def stop(self) -> None:
        """Take no more jobs, end every job's task, tell the clients; `recover` then refunds what is open."""
        self._stopping = True
        ended = list(self._live.values())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await say_last_words(self._parts.store, ended)

    def _of(self, session: Session) -> list[LiveJob]:
        return [live for live in self._live.values() if live.job.node == session.node]

    async def _run(self, live: LiveJob) -> None:
        try:
            await self._runner.run(live)
        finally:
            self._live.pop(live.job.id, None)

    async def _result(self, session: Session, live: LiveJob | None, result: Result) -> None:
        if result.node != session.node:
            answer(session, result, "unknown")
        elif live is None:
            await answer_late(self._parts.store, session, result)
        elif not live.holds(session.node, result.attempt, result.fence):
            answer(session, result, "stale")
        elif live.result is not None:
            if live.job.state not in WITH_NODE:  # until it is on record the node has to keep it
                answer(session, result, "taken")
        else:
            if live.inbox.qsize() >= _INBOX_LIMIT:
                raise FrameError("more about one job than can be read")
            live.inbox.put_nowait(result)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task ended with %s", told(error))
