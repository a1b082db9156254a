"""The audit of one answer: structure, replay, recompute. The verifier's own failures never cost the node."""

from __future__ import annotations

import asyncio

import msgspec

from console.coordinator.audits.evidence import claim_of
from console.coordinator.audits.recompute import UNCONFIRMED, Incidents, Recompute, Work
from console.coordinator.audits.reference import Reference
from console.coordinator.audits.second import SecondVerifier
from console.coordinator.jobs.live import Ask
from console.coordinator.parts import Parts
from console.coordinator.store import AuditRow
from console.protocol.ids import EvidenceId
from console.protocol.types import DrawProof, Result, Verdict
from console.verification.calibration import Calibration
from console.verification.judge import Claim, Finding, check_replay, check_structure

NOT_AUDITED = Finding("not_audited", 0, 0, -1, "Not drawn for an audit.")
NOT_OPENED = Finding("structure", 0, 1, -1, "The node did not open its commitment in time.")


class Judged(msgspec.Struct, frozen=True):
    """A verdict with what it took."""

    verdict: Verdict
    audit: AuditRow
    finding: Finding
    calibration: Calibration | None = None

    @property
    def unconfirmed(self) -> bool:
        """Whether a mismatch was found that nobody could confirm."""
        return self.audit.confirmation == "unavailable"


class Auditor:
    """Judges answers against the reference engine, and where that finds them false against a second one."""

    def __init__(
        self, parts: Parts, reference: Reference, second: SecondVerifier | None, incidents: Incidents
    ) -> None:
        self._parts = parts
        self._reference = reference
        self._recompute = Recompute(parts, reference, second, incidents)

    @property
    def profile(self) -> str:
        """Class id of the reference's numerics."""
        return self._reference.profile

    async def judge(self, ask: Ask, proof: DrawProof, result: Result, blob: bytes, work: Work) -> Finding:
        """The finding of the first step that fails, or of the last one carried out; `work` is added to."""
        claim = claim_of(ask, proof, result, blob)
        finding = await asyncio.to_thread(self._without_model, claim, ask)
        if not finding.passed:
            return finding
        found = await self._recompute.judge(claim, ask, result, work)
        if found is None and work.confirmation == "unavailable":
            return msgspec.structs.replace(finding, sentence=UNCONFIRMED)
        return found or finding

    def judged(self, ask: Ask, result: Result, finding: Finding, rate_ppm: int, work: Work) -> Judged:
        """The finding as the node gets it, and what it took as the network keeps it."""
        verdict = self._verdict(result, finding)
        rows = len(ask.prompt_ids) + len(result.token_ids)
        took = (work.rows, work.score_ms, rows, result.generation_ms, work.confirmation)
        return Judged(verdict, AuditRow(verdict.id, rate_ppm, *took), finding, work.calibration)

    def _verdict(self, result: Result, finding: Finding) -> Verdict:
        return Verdict(
            id=EvidenceId(self._parts.fresh_id()),
            job=result.job,
            attempt=result.attempt,
            node=result.node,
            outcome="accepted" if finding.passed else "rejected",
            mode=finding.mode,
            tokens_checked=finding.tokens_checked,
            mismatches=finding.mismatches,
            first_mismatch=finding.first_mismatch,
            sentence=finding.sentence,
            at_ms=self._parts.clock.now_ms(),
            statistics=finding.statistics,
            calibration=finding.calibration,
            positions=finding.positions,
        )

    def _without_model(self, claim: Claim, ask: Ask) -> Finding:
        ending = self._reference.ending(claim.token_ids, ask.stop)
        finding = check_structure(claim, ending)
        return check_replay(claim) if finding.passed else finding
