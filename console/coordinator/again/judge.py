"""One verdict judged again: what is signed and drawn, structure, replay, recompute on an own engine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from console.coordinator.again.cases import Case
from console.coordinator.again.checks import (
    RECOMPUTED,
    audit_draw_flaws,
    evidence_flaws,
    finding_flaws,
    receipt_flaws,
    windows_flaws,
)
from console.coordinator.again.told import Agreement, Checked, Flaw
from console.coordinator.audits.evidence import Evidence, claim_of, compare, opened
from console.coordinator.sealing import SealError, Secrets
from console.engine.port import Engine, EngineError, ScoreRequest
from console.protocol.keys import SigningKey
from console.verification.calibration import Calibration
from console.verification.comparison import Comparison, comparison
from console.verification.judge import Claim, Finding, check_replay, check_structure
from console.verification.pieces import ending_of
from console.verification.profiles import Profile


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens evidence. `secrets`: the coordinator's own, None where only a node's key is there."""

    party: SigningKey
    coordinator: str
    """The coordinator's id, which signs receipts and draws."""
    secrets: Secrets | None


@dataclass(frozen=True, slots=True)
class Bench:
    """An engine of this machine that holds the model, ready."""

    engine: Engine
    profile: Profile
    pieces: list[bytes]
    end_ids: frozenset[int]
    calibrations: tuple[Calibration, ...] = ()
    exact_weights: bool = True


async def check(case: Case, keys: Keys, bench: Bench | None) -> Checked:
    """Everything that can be said of one verdict. `bench`: None judges without a model."""
    flaws = list(receipt_flaws(case, keys.coordinator))
    if keys.secrets is not None:
        flaws += audit_draw_flaws(case, keys.secrets)
    if case.verdict.mode == "not_audited":
        return _checked(case, flaws, "")
    if not case.sealed:
        return _checked(case, flaws, "Its evidence is not kept any more: its time was over.")
    try:
        evidence = opened(keys.party, case.verdict.id, case.sealed)
    except SealError:
        flaws.append(Flaw("seal", "The sealed evidence does not open: it was changed, or is of another key."))
        return _checked(case, flaws, "")
    flaws += evidence_flaws(case, evidence, keys.coordinator)
    if keys.secrets is not None:
        flaws += windows_flaws(evidence, keys.secrets)
    if not evidence.opening:
        return _checked(case, flaws, "The node opened nothing, so that there is nothing to recompute.")
    return await _judged(case, evidence, bench, flaws)


async def _judged(case: Case, evidence: Evidence, bench: Bench | None, flaws: list[Flaw]) -> Checked:
    try:
        claim = claim_of(evidence, evidence.draw, evidence.result, evidence.opening)
    except (ValueError, OverflowError):
        flaws.append(Flaw("draw", "The draw is malformed, so that no seed follows from it."))
        return _checked(case, flaws, "")
    if bench is None:
        return _checked(case, flaws, "There is no engine here to recompute it with.")
    mode = case.verdict.mode
    found = await asyncio.to_thread(_without_model, claim, evidence, bench)
    if not found.passed or mode not in RECOMPUTED:
        said = found if mode != "abstained" else _as_abstained(found)
        return _checked(case, [*flaws, *finding_flaws(case.verdict, said)], "")
    how = _how(evidence, bench, case.group)
    if how.mode == "abstain":
        return _checked(
            case, flaws, f"Structure and replay hold; the recompute is abstained from. {how.sentence}"
        )
    try:
        found = await _recompute(claim, evidence, bench, how)
    except (EngineError, ValueError) as error:
        return _checked(case, flaws, f"This machine's engine could not recompute it: {error}")
    same = bench.profile.class_id == evidence.verifier
    flaws += [f for f in finding_flaws(case.verdict, found) if same or f.name == "outcome"]
    return _checked(case, flaws, "", "exact" if how.mode == "exact" else "tolerant")


def _without_model(claim: Claim, evidence: Evidence, bench: Bench) -> Finding:
    ending = ending_of(claim.token_ids, bench.pieces, bench.end_ids, evidence.stop)
    finding = check_structure(claim, ending)
    return check_replay(claim) if finding.passed else finding


def _as_abstained(found: Finding) -> Finding:
    """An abstention claims structure and replay."""
    return Finding("abstained", found.tokens_checked, found.mismatches, found.first_mismatch, found.sentence)


def _how(evidence: Evidence, bench: Bench, model: str) -> Comparison:
    """By the limits that the verdict was found with, where they are for this machine's class as well."""
    used = (evidence.calibration,) if evidence.calibration is not None else ()
    known = (*used, *bench.calibrations)
    return comparison(evidence.result.profile, bench.profile, model, known, bench.exact_weights)


async def _recompute(claim: Claim, evidence: Evidence, bench: Bench, how: Comparison) -> Finding:
    name = f"again-{evidence.verdict.id}"
    request = ScoreRequest(name, evidence.prompt_ids, claim.token_ids, evidence.windows)
    scored = await bench.engine.score(request)
    return await asyncio.to_thread(compare, how, claim, scored.blob, evidence.windows)


def _checked(
    case: Case, flaws: list[Flaw], abstained: str, recomputed: Literal["", "exact", "tolerant"] = ""
) -> Checked:
    """Something wrong outweighs what could not be checked."""
    agreement: Agreement = "disagree" if flaws else "abstained" if abstained else "agree"
    if abstained and not flaws:
        flaws = [Flaw("abstained", abstained)]
    verdict = case.verdict
    return Checked(
        verdict.id,
        verdict.job,
        verdict.node,
        verdict.outcome,
        verdict.mode,
        agreement,
        tuple(flaws),
        recomputed,
    )
