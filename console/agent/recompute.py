"""An answer judged again on this machine, from the evidence that is still kept. Jobs always go first."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from console.agent.jobs.desk import Desk
from console.agent.jobs.records import Key, Records, key_of
from console.agent.journal import JobRecord, Journal, Kept
from console.agent.judging import agreement, claim_of, evidence_check, gone, recompute_words, without_model
from console.agent.supervision.supervisor import Supervisor
from console.control.wire import Answer, Check, Command
from console.engine.port import EngineError, ScoreRequest, Vocabulary
from console.protocol.ids import NodeId
from console.verification.judge import Claim, check_recompute_exact

PATIENCE_S = 5.0
"""A client that asks gets an answer within this time, finished or not; it may ask again."""
SCORE_LIMIT_S = 300.0
BUSY = "The engine is busy with something else. Ask again in a moment."
GIVING_WAY = "A job came in, and jobs go first. Ask again when none runs."


class Judged(msgspec.Struct, frozen=True):
    """What came of judging again; `running`: the checks so far, the rest is still being computed."""

    checks: tuple[Check, ...]
    running: bool = False


class Recompute:
    """Judges one answer at a time, on the node's own engine while no job needs it."""

    def __init__(
        self,
        records: Records,
        journal: Journal,
        supervisor: Supervisor,
        desk: Desk,
        node: NodeId,
        group: str,
    ) -> None:
        """`group`: of the model that the engine really holds."""
        self._records = records
        self._journal = journal
        self._supervisor = supervisor
        self._desk = desk
        self._node = node
        self._group = group
        self._task: asyncio.Task[tuple[Check, ...]] | None = None
        self._key: Key | None = None
        self._scores = 0

    async def answer(self, command: Command) -> Answer:
        """Answers `recompute {job, attempt}`; a sentence beside good checks says that more are to come."""
        job, attempt = command.args.get("job", ""), command.args.get("attempt", 0)
        record = None
        if isinstance(job, str) and isinstance(attempt, int):
            record = await self._records.find(job, attempt)
        if record is None:
            return Answer(command.id, False, "This node knows no such attempt of a job.")
        judged = await self.judge(record)
        sentence = "Still being recomputed." if judged.running else ""
        return Answer(command.id, True, sentence, msgspec.Raw(msgspec.json.encode(judged.checks)))

    async def judge(self, record: JobRecord) -> Judged:
        """Judge the answer of `record` again. Raises JournalError."""
        if self._task is not None and self._key != key_of(record) and not self._task.done():
            words = "Another answer is being judged again here. Ask when that is done."
            return Judged((Check("recompute", None, words),))
        if self._task is None or self._key != key_of(record):
            self._key = key_of(record)
            self._task = asyncio.create_task(self._judge(record))
        await asyncio.wait({self._task}, timeout=PATIENCE_S)
        if not self._task.done():
            return Judged((Check("recompute", None, "Being recomputed on this machine's engine…"),), True)
        done, self._task = self._task, None
        return Judged(done.result())

    async def _judge(self, record: JobRecord) -> tuple[Check, ...]:
        view = record.view
        kept = await self._journal.results.kept(view.job, view.attempt)
        if kept is None:
            return gone(record)
        try:
            claim = claim_of(record, kept, self._node)
        except (ValueError, OverflowError):
            return (Check("evidence", False, "The kept evidence is malformed and cannot be judged."),)
        checks = [
            evidence_check(record, kept),
            *await asyncio.to_thread(without_model, claim, kept, await self._vocabulary()),
            await self._recompute(record, kept, claim),
        ]
        verdict = await self._journal.jobs.verdict(view.job, view.attempt)
        return (*checks, agreement(verdict, tuple(checks)))

    async def _vocabulary(self) -> Vocabulary | None:
        if not self._supervisor.ready.is_set():
            return None
        try:
            return await self._supervisor.engine.vocabulary()
        except EngineError:
            return None

    async def _recompute(self, record: JobRecord, kept: Kept, claim: Claim) -> Check:
        no = self._refusal(record)
        if no:
            return Check("recompute", None, no)
        try:
            if await self._works_for_others():
                return Check("recompute", None, BUSY)
            blob = await self._score(kept)
            if blob is None:
                return Check("recompute", None, GIVING_WAY)
            finding = await asyncio.to_thread(check_recompute_exact, claim, blob)
        except EngineError as error:
            return Check("recompute", None, f"The engine could not do it: {error.sentence}")
        except ValueError as error:
            return Check("recompute", None, f"The engine's answer cannot be compared: {error}.")
        except TimeoutError:
            return Check("recompute", None, f"Given up after {SCORE_LIMIT_S:.0f} s without an answer.")
        return Check("recompute", finding.passed, recompute_words(finding))

    def _refusal(self, record: JobRecord) -> str:
        """Why this engine cannot be asked, or must not be, now."""
        health = self._supervisor.health
        profile = health.profile if health is not None else None
        if not self._supervisor.ready.is_set() or health is None or profile is None:
            return "The engine is not ready. Ask again when it is."
        if record.group != self._group:
            return "The engine holds another model than the one that this answer is to come from."
        if record.profile != profile.class_id:
            return "The engine's build or processor differs from the one that gave this answer."
        if not profile.self_test:
            return "This engine failed its self-test, so it is not exact and proves nothing."
        if self._desk.running or self._desk.waiting:
            return "Jobs run now, and jobs go first. Ask again when none runs."
        return ""

    async def _works_for_others(self) -> bool:
        """Asked now: right after a job, remembered health would still tell of that. Raises EngineError."""
        health = await self._supervisor.engine.health()
        return bool(health.slots_busy or health.queued)

    async def _score(self, kept: Kept) -> bytes | None:
        """The reference's candidates; None when a job came in, which goes first."""
        self._scores += 1
        engine, name = self._supervisor.engine, f"again-{kept.result.job}-{self._scores}"
        request = ScoreRequest(name, kept.question.prompt_ids, kept.result.token_ids)
        scoring = asyncio.create_task(engine.score(request))
        disturbed = asyncio.create_task(self._desk.busy.wait())
        try:
            await asyncio.wait(
                {scoring, disturbed}, timeout=SCORE_LIMIT_S, return_when=asyncio.FIRST_COMPLETED
            )
            if scoring.done():
                return scoring.result().blob
            with contextlib.suppress(EngineError):
                await engine.cancel(name)
            if disturbed.done():
                return None
            raise TimeoutError
        finally:
            disturbed.cancel()
            scoring.cancel()
            await asyncio.wait({scoring, disturbed})
            if not scoring.cancelled():
                scoring.exception()  # it was asked to end; how it did is of no interest
