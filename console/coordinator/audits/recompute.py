"""Step 3 of an audit: one verifier, and a second one before anybody is found false."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from console.coordinator.audits.evidence import compare
from console.coordinator.audits.meter import Meter
from console.coordinator.audits.questions import rows_of, shifted
from console.coordinator.audits.reference import Reference
from console.coordinator.audits.second import SecondVerifier
from console.coordinator.jobs.live import Ask
from console.coordinator.parts import Parts
from console.coordinator.store import Confirmation
from console.engine.port import EngineError, Scored, ScoreRequest
from console.protocol.ids import short
from console.protocol.types import Result
from console.verification.calibration import Calibration
from console.verification.comparison import Comparison
from console.verification.judge import Claim, Finding
from console.verification.sampling import POSITION_BYTES
from console.verification.tolerant import abstained
from console.verification.windows import Windows

log = logging.getLogger(__name__)
_RETRY_S = (0.2, 1.0, 5.0)
_SECOND_TRIES = 3

DISAGREED = (
    "One verifier found other logits than those committed to, a second one did not find the same. That is "
    "the network's fault and counts against nobody."
)
UNCONFIRMED = (
    "A verifier found other logits than those committed to, and no second one could be had to confirm it. "
    "The verdict rests on replay; the node is on probation anew."
)


@dataclass(slots=True)
class Work:
    """What verifiers did for one answer."""

    rows: int = 0
    score_ms: int = 0
    confirmation: Confirmation = ""
    blobs: list[bytes] = field(default_factory=list)
    """What each computed, in the order in which they were asked."""
    windows: Windows = ()
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One answer, how it may be judged, and what verifiers are asked."""

    claim: Claim
    how: Comparison
    request: ScoreRequest
    work: Work


class Incidents:
    """How often verifiers confirmed, disagreed with or missed one another, since this start."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, confirmation: Confirmation) -> None:
        """One mismatch more."""
        self._counts[confirmation] += 1

    def counts(self) -> dict[str, int]:
        """By what came of it."""
        return {name: self._counts[name] for name in ("confirmed", "disagreed", "unavailable")}


class Recompute:
    """Asks the reference, and where it finds a mismatch the second verifier."""

    def __init__(
        self, parts: Parts, reference: Reference, second: SecondVerifier | None, incidents: Incidents
    ) -> None:
        """`second`: None where the settings allow none; a mismatch then stays unconfirmed."""
        self._incidents = incidents
        self._meter = Meter()
        self._parts = parts
        self._reference = reference
        self._second = second

    async def judge(self, claim: Claim, ask: Ask, result: Result, work: Work) -> Finding | None:
        """The finding; None when no reference could be had in time. `work` is added to."""
        how = self._reference.comparison(result.profile)
        if how.mode == "abstain":
            return abstained(claim, how.sentence)
        name = f"audit-{result.job}-{result.attempt}"
        positions = self._parts.policy.audit_positions
        work.windows = self._parts.secrets.windows(
            result.job, result.attempt, len(claim.token_ids), positions
        )
        work.calibration = how.calibration
        request = ScoreRequest(name, ask.prompt_ids, claim.token_ids, work.windows)
        case = _Case(claim, how, request, work)
        found = await self._first(case)
        if found is None or found.passed:
            return found
        work.confirmation = await self._confirm(case)
        self._incidents.note(work.confirmation)
        if work.confirmation == "confirmed":
            return msgspec.structs.replace(found, sentence=f"{found.sentence} A second verifier agrees.")
        if work.confirmation == "disagreed":
            log.error("audit of %s: the two verifiers disagree; the answer is accepted", short(result.job))
            return _accepted(found)
        log.error("audit of %s: a mismatch could not be confirmed", short(result.job))
        return None

    async def _first(self, case: _Case) -> Finding | None:
        clock, request = self._parts.clock, case.request
        until_s = clock.tick_s() + self._parts.config.limits.audit_patience_s
        tries = 0
        while clock.tick_s() < until_s:
            try:
                named = msgspec.structs.replace(request, id=f"{request.id}-{tries}")
                scored = await self._timed(case, named, self._reference.score)
                return await self._compare(case, scored.blob)
            except (EngineError, ValueError) as error:
                log.warning("%s: the reference failed (%s); again", _name(request), error)
                await asyncio.sleep(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
                tries += 1
        log.warning("%s: no reference in time; its verdict rests on replay", _name(request))
        return None

    async def _confirm(self, case: _Case) -> Confirmation:
        """What the second verifier makes of the mismatch: it has to compute the very same logits."""
        request, blobs = case.request, case.work.blobs
        second = self._second
        if second is None:
            return "unavailable"
        for tries in range(_SECOND_TRIES):
            try:
                named, extra = shifted(request, f"{request.id}-second-{tries}")
                scored = await self._timed(
                    case, named, lambda asked: second.score(self._reference.profile, asked)
                )
                found = await self._compare(case, scored.blob[extra * POSITION_BYTES :])
                same = not found.passed and blobs[0] == blobs[-1]
                return "confirmed" if same else "disagreed"
            except (EngineError, ValueError) as error:
                log.warning("%s: the second verifier failed (%s)", _name(request), error)
                await asyncio.sleep(_RETRY_S[tries])
        return "unavailable"

    async def _timed(
        self, case: _Case, request: ScoreRequest, score: Callable[[ScoreRequest], Awaitable[Scored]]
    ) -> Scored:
        """Score, and count what it took: verifiers share one machine."""
        clock, work = self._parts.clock, case.work
        self._meter.begin(request.id, clock.tick_s())
        try:
            scored = await score(request)
            work.rows += rows_of(request)
            return scored
        finally:
            work.score_ms += self._meter.end(request.id, clock.tick_s())

    async def _compare(self, case: _Case, blob: bytes) -> Finding:
        finding = await asyncio.to_thread(compare, case.how, case.claim, blob, case.request.windows)
        case.work.blobs.append(blob)
        return finding


def _accepted(found: Finding) -> Finding:
    """Without the statistics, which are over their limits: they are one verifier's word."""
    return msgspec.structs.replace(
        found, mismatches=0, first_mismatch=-1, sentence=DISAGREED, statistics=(), calibration=""
    )


def _name(request: ScoreRequest) -> str:
    """For the log: short, and no more than the job's id."""
    step, job, *_ = request.id.split("-")
    return f"{step} of {short(job)}"
