"""The worker: one job on the engine, beside others; its result is journalled before it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from console.agent.jobs.office import JobFailed, Office
from console.agent.jobs.records import moved
from console.agent.jobs.runner import Progress, generate, question_of, signed_result
from console.agent.journal import JobRecord, JournalError, Question
from console.control.wire import Moment
from console.engine.port import Engine, Generated
from console.protocol.types import Assignment, Result

ENGINE_WAIT_S = 20.0
"""A job that waits here rides out an engine's restart of this length."""
LONGEST_LEASE_MS = 86_400_000
SHOW_MS = 250
"""Progress of a running job is shown at most so often."""


class Worker:
    """Owns one job, from the moment that it has a slot."""

    def __init__(
        self, office: Office, engine: Engine, engine_ready: asyncio.Event, doubt: Callable[[], None]
    ) -> None:
        """`doubt`: told when the engine does not answer; it clears `engine_ready` until it does again."""
        self._office = office
        self._engine = engine
        self._engine_ready = engine_ready
        self._doubt = doubt
        self._run: asyncio.Task[Generated] | None = None
        self._live: JobRecord | None = None
        self._stopped_for: JobFailed | None = None
        self._progress: Progress | None = None
        self._lease = asyncio.timeout(None)
        self._lease_ms = 0
        self._shown_ms = 0

    @property
    def idle_ms(self) -> int | None:
        """How long the job has had no token; None while it is not with the engine."""
        return None if self._progress is None else self._progress.idle_ms

    def stop(self, failure: JobFailed) -> None:
        """End the job with `failure`; the first one counts, also when it has not begun to run yet."""
        if self._stopped_for is None:
            self._stopped_for = failure
            if self._run is not None:
                self._run.cancel()

    async def work(self, assignment: Assignment, record: JobRecord) -> None:
        """Run the job to its end, whichever it is. Never raises for what a job or an engine does."""
        started_ms = self._office.now_ms()
        self._live = moved(record, "running", started_ms=started_ms)
        left_ms = min(record.view.lease_until_ms - started_ms, LONGEST_LEASE_MS)
        self._lease_ms = min(assignment.lease_s * 1000, LONGEST_LEASE_MS)
        try:
            async with asyncio.timeout(max(0, left_ms) / 1000) as self._lease:
                generated = await self._answer(assignment)
            await self._finished(assignment, self._live, generated)
        except TimeoutError:
            failure = JobFailed("lease_expired", "The lease ran out before the answer was complete.")
            await self._office.failed(self._live, failure)
        except JobFailed as failed:
            await self._office.failed(self._live, failed)
        except ValueError:
            malformed = JobFailed("malformed", "The assignment holds ids that are none.", "coordinator")
            await self._office.failed(self._live, malformed)
        except Exception as error:
            # One job must not end the node, whatever breaks in it.
            broken = JobFailed("internal", f"The node broke on this job ({type(error).__name__}).")
            await self._office.failed(self._live, broken)
        finally:
            self._live = None

    async def _answer(self, assignment: Assignment) -> Generated:
        assert self._live is not None
        await self._office.records.keep(self._live, "running")
        if self._stopped_for is not None:
            raise self._stopped_for
        self._run = asyncio.create_task(self._generate(assignment))
        try:
            return await self._run
        except asyncio.CancelledError:
            if self._stopped_for is None:
                raise
            raise self._stopped_for from None
        finally:
            if not self._run.done():  # the lease ran out, or the agent ends
                self._run.cancel()
                await asyncio.wait({self._run})
                if not self._run.cancelled():
                    self._run.exception()  # it was asked to end; how it did is of no interest
            self._run, self._progress = None, None

    async def _generate(self, assignment: Assignment) -> Generated:
        """Once more, where the engine was gone before it gave a token: nobody has seen anything of it yet."""
        try:
            return await self._once(assignment)
        except JobFailed as failed:
            started = self._progress is not None and self._progress.tokens
            if failed.code != "engine_crashed" or started:
                raise
        self._progress = None
        self._doubt()
        return await self._once(assignment)

    async def _once(self, assignment: Assignment) -> Generated:
        await self._wait_for_engine()
        self._progress = Progress()
        office = self._office
        return await generate(self._engine, assignment, office.key, office.send, self._progress, self._show)

    async def _wait_for_engine(self) -> None:
        try:
            async with asyncio.timeout(ENGINE_WAIT_S):
                await self._engine_ready.wait()
        except TimeoutError:
            raise JobFailed("engine_down", "The engine did not come back in time for this job.") from None

    def _show(self) -> None:
        now_ms = self._office.now_ms()
        if self._live is None or self._progress is None:
            return
        if not self._lease.expired():  # the network renews it with every chunk, and so does this end
            self._lease.reschedule(asyncio.get_running_loop().time() + self._lease_ms / 1000)
        tokens, view = self._progress.tokens, self._live.view
        first_ms = view.first_token_ms or max(1, now_ms - view.started_ms)
        decode_ms = max(1, now_ms - view.started_ms - first_ms)
        speed = (tokens - 1) * 1_000_000 // decode_ms if tokens > 1 else 0
        self._live = moved(
            self._live,
            "running",
            tokens=tokens,
            first_token_ms=first_ms,
            tokens_per_s_milli=speed,
            lease_until_ms=now_ms + self._lease_ms,
        )
        if now_ms - self._shown_ms >= SHOW_MS:
            self._shown_ms = now_ms
            self._office.records.show(self._live)

    async def _finished(self, assignment: Assignment, record: JobRecord, generated: Generated) -> None:
        result = signed_result(assignment, generated, self._office.key, record.profile)
        count, decode_ms = len(result.token_ids), max(1, generated.generation_ms - generated.first_token_ms)
        done = moved(
            record,
            "result",
            ended_ms=self._office.now_ms(),
            tokens=count,
            first_token_ms=generated.first_token_ms,
            tokens_per_s_milli=max(0, count - 1) * 1_000_000 // decode_ms,
        )
        done = msgspec.structs.replace(done, commitment=result.commitment)
        if await self._journalled(done, result, generated.blob, question_of(assignment)):
            self._office.openings.hold(result.job, result.attempt, generated.blob)
            self._office.records.show(done)
            await self._office.send(result)

    async def _journalled(self, record: JobRecord, result: Result, blob: bytes, question: Question) -> bool:
        moment = Moment(self._office.now_ms(), "result", f"{len(result.token_ids)} tokens, journalled.")
        try:
            return await self._office.journal.results.put(record, result, blob, moment, question)
        except JournalError as error:
            self._office.records.on_trouble(str(error))
            raise JobFailed("disk_full", "The answer could not be journalled, so it was not sent.") from None
