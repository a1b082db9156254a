"""The audit of one answer: structure, replay, recompute. The verifier's own failures never cost the node."""

from __future__ import annotations

import asyncio
import logging

from console.coordinator.live import Ask
from console.coordinator.parts import Parts
from console.coordinator.reference import Reference
from console.engine.port import EngineError
from console.fairness import draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.ids import EvidenceId, short
from console.protocol.types import DrawProof, Result, Verdict
from console.verification.judge import (
    Claim,
    Finding,
    check_recompute_exact,
    check_replay,
    check_structure,
)
from console.verification.noise import job_seed

log = logging.getLogger(__name__)
_RETRY_S = (0.2, 1.0, 5.0)
NOT_AUDITED = Finding("not_audited", 0, 0, -1, "Not drawn for an audit.")
NOT_OPENED = Finding("structure", 0, 1, -1, "The node did not open its commitment in time.")


class Auditor:
    """Judges answers against the reference engine."""

    def __init__(self, parts: Parts, reference: Reference) -> None:
        self._parts = parts
        self._reference = reference

    async def judge(self, ask: Ask, proof: DrawProof, result: Result, blob: bytes) -> Finding:
        """The finding of the first step that fails, or of the last one carried out."""
        claim = claim_of(ask, proof, result, blob)
        finding = await asyncio.to_thread(self._without_model, claim, ask)
        if not finding.passed:
            return finding
        return await self._recompute(claim, ask, result) or finding

    def verdict(self, result: Result, finding: Finding) -> Verdict:
        """The finding as the node gets it."""
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
        )

    def _without_model(self, claim: Claim, ask: Ask) -> Finding:
        ending = self._reference.ending(claim.token_ids, ask.stop)
        finding = check_structure(claim, ending)
        return check_replay(claim) if finding.passed else finding

    async def _recompute(self, claim: Claim, ask: Ask, result: Result) -> Finding | None:
        """None when the reference could not be had in time. A mismatch counts when it is found twice."""
        clock, first = self._parts.clock, True
        until_s = clock.tick_s() + self._parts.config.limits.audit_patience_s
        tries = 0
        while clock.tick_s() < until_s:
            try:
                name = f"audit-{result.job}-{result.attempt}-{tries}"
                blob = await self._reference.score(name, ask.prompt_ids, claim.token_ids)
                finding = await asyncio.to_thread(check_recompute_exact, claim, blob)
            except (EngineError, ValueError) as error:
                log.warning("audit of %s: the reference failed (%s); again", short(result.job), error)
                await asyncio.sleep(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
                tries += 1
                continue
            if finding.passed or not first:
                return finding
            first, tries = False, tries + 1
        log.warning("audit of %s: no reference in time; its verdict rests on replay", short(result.job))
        return None


def claim_of(ask: Ask, proof: DrawProof, result: Result, blob: bytes) -> Claim:
    """The answer with what the network fixed for it."""
    seed = job_seed(draw_bytes(proof), result.job, result.node, ids_digest(ask.prompt_ids))
    return Claim(
        token_ids=result.token_ids,
        finish_reason=result.finish_reason,
        commitment=result.commitment,
        blob=blob,
        seed=seed,
        temperature_milli=ask.temperature_milli,
        max_tokens=ask.max_tokens,
        rules=ask.rules,
    )
