"""An answer judged again on this machine, from the evidence that is still kept. Jobs always go first."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from console.agent.jobs.desk import Desk
from console.agent.jobs.records import Key, Records, key_of
from console.agent.journal import JobRecord, Journal, Kept
from console.agent.supervision.supervisor import Supervisor
from console.control.wire import Answer, Check, Command
from console.engine.port import EngineError, ScoreRequest, Vocabulary
from console.fairness import draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.frames import result_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.types import Verdict
from console.verification.judge import (
    Claim,
    Ending,
    Finding,
    check_recompute_exact,
    check_replay,
    check_structure,
)
from console.verification.noise import job_seed
from console.verification.pieces import ending_of

PATIENCE_S = 5.0
"""A client that asks gets an answer within this time, finished or not; it may ask again."""
SCORE_LIMIT_S = 300.0
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
        if health.slots_busy or health.queued:
            return "The engine is busy with something else. Ask again in a moment."
        return ""

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


def claim_of(record: JobRecord, kept: Kept, node: NodeId) -> Claim:
    """The answer with what the network fixed for it. Raises ValueError for malformed evidence."""
    question, result = kept.question, kept.result
    seed = job_seed(draw_bytes(record.draw), result.job, node, ids_digest(question.prompt_ids))
    return Claim(
        token_ids=result.token_ids,
        finish_reason=result.finish_reason,
        commitment=result.commitment,
        blob=kept.opening,
        seed=seed,
        temperature_milli=question.temperature_milli,
        max_tokens=question.max_tokens,
    )


def evidence_check(record: JobRecord, kept: Kept) -> Check:
    """Whether what is kept is what was asked, signed and journalled then."""
    result = kept.result
    if not verify(result.node, result_bytes(result), result.signature):
        return Check("evidence", False, "The signature of the kept result is wrong.")
    if result.commitment != record.commitment:
        return Check("evidence", False, "The kept result is not the one that was journalled for this job.")
    if not ids_digest(kept.question.prompt_ids) == record.prompt_digest == result.prompt_digest:
        return Check("evidence", False, "The kept prompt is not the one that came with the draw.")
    asked, answered = len(kept.question.prompt_ids), len(result.token_ids)
    return Check(
        "evidence",
        True,
        f"{asked:,} prompt and {answered:,} answer tokens are kept sealed, signed by this node.",
    )


def without_model(claim: Claim, kept: Kept, vocabulary: Vocabulary | None) -> tuple[Check, ...]:
    """Structure and replay. How an answer ends can be judged only with the vocabulary."""
    ending = Ending(ends_generation=True, completes_stop=True)
    if vocabulary is not None:
        pieces, ends = list(vocabulary.pieces), frozenset(vocabulary.end_ids)
        ending = ending_of(claim.token_ids, pieces, ends, kept.question.stop)
    structure = check_structure(claim, ending)
    if not structure.passed:
        words = f"{structure.sentence} Nothing beyond that can be replayed."
        return (Check("structure", False, structure.sentence), Check("replay", None, words))
    sentence = structure.sentence
    if vocabulary is None:
        sentence = "The commitment opens; how the answer ends is judged only with the engine's vocabulary."
    replay = check_replay(claim)
    return (
        Check("structure", True if vocabulary is not None else None, sentence),
        Check("replay", replay.passed, _replayed(replay)),
    )


def _replayed(finding: Finding) -> str:
    if finding.passed:
        return f"{finding.sentence} 0 of {finding.tokens_checked:,} differ."
    more = f"{finding.mismatches:,} of {finding.tokens_checked:,} tokens differ, limit 0"
    return f"{more}; the first is token {finding.first_mismatch:,}."


def recompute_words(finding: Finding) -> str:
    """A finding as the node's operator reads it: he asks his own engine, not the network's."""
    compared = f"{finding.mismatches:,} of {finding.tokens_checked:,} positions differ, limit 0"
    if finding.passed:
        return f"{compared}: this engine gives the same logits again."
    return f"{compared}; the first is token {finding.first_mismatch:,}. This engine gives other logits now."


def agreement(verdict: Verdict | None, checks: tuple[Check, ...]) -> Check:
    """This machine's judgement beside the network's."""
    wrong = any(check.ok is False for check in checks)
    whole = all(check.ok for check in checks)
    if verdict is None:
        return Check("agreement", None, "The network has not judged this answer yet.")
    if not wrong and not whole:
        return Check("agreement", None, "Not all could be judged again, so the verdict stays unchecked.")
    if wrong == (verdict.outcome == "rejected"):
        return Check("agreement", True, f"The network {verdict.outcome} it, and so would this machine.")
    if wrong:
        return Check("agreement", False, "The network accepted what this machine would reject.")
    words = "The network rejected it, and this machine finds nothing wrong with it. Tell the network's "
    return Check("agreement", False, words + "operator before the evidence is erased, and name the verdict.")


def gone(record: JobRecord) -> tuple[Check, ...]:
    """What to say of an answer whose evidence is not kept."""
    checks = (Check("evidence", None, why_gone(record)),)
    if record.view.state not in ("accepted", "rejected", "answered"):
        return checks
    words = "Draw, verdict, receipt and ledger entries need no prompt: their checks stand on this page."
    return (*checks, Check("remains", None, words))


def why_gone(record: JobRecord) -> str:
    """Why there is nothing to judge an answer by."""
    match record.view.state:
        case "queued" | "running":
            return "There is no answer yet. It can be judged again from its end until its verdict."
        case "failed" | "cancelled":
            return "There is no answer, so there is nothing to judge."
        case "accepted":
            return "Erased when the answer was accepted: what is the client's is not kept longer than needed."
        case "rejected":
            return "Erased: the evidence of a rejected answer is kept for 7 days after its verdict."
        case "stale":
            return "Erased: the network took no answer of this attempt."
    return "Erased: the network opened no audit within an hour of the answer."
