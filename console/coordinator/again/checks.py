"""What of a verdict can be checked without a model: signatures, draws, and that nothing was changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from console.coordinator.again.cases import Case
from console.coordinator.again.told import Flaw
from console.coordinator.audits.evidence import Evidence
from console.coordinator.sealing import Secrets
from console.fairness import check_draw
from console.protocol.canonical import ids_digest
from console.protocol.frames import receipt_bytes, result_bytes
from console.protocol.keys import verify
from console.protocol.types import Verdict
from console.verification.judge import Finding

RECOMPUTED = ("recompute_exact", "recompute_tolerant")
_COMPARED = ("outcome", "mode", "tokens_checked", "mismatches", "first_mismatch", "statistics", "positions")


def receipt_flaws(case: Case, coordinator: str) -> Iterator[Flaw]:
    """The receipt is the coordinator's signature under the verdict's id and outcome."""
    receipt, verdict = case.receipt, case.verdict
    if receipt is None:
        yield Flaw("receipt", "There is no receipt, so nobody signed this verdict.")
        return
    if not verify(coordinator, receipt_bytes(receipt), receipt.signature):
        yield Flaw("receipt", "The receipt's signature is not the coordinator's.")
    ours = (verdict.id, verdict.outcome, verdict.job, verdict.attempt, verdict.node)
    if (receipt.verdict, receipt.outcome, receipt.job, receipt.attempt, receipt.node) != ours:
        yield Flaw("receipt", "The signed receipt names another verdict or outcome than stands here.")


def audit_draw_flaws(case: Case, secrets: Secrets) -> Iterator[Flaw]:
    """Whether the answer was audited follows from the coordinator's key, the job and the rate."""
    verdict = case.verdict
    if case.rate_ppm < 0:
        return
    due = secrets.audited(verdict.job, verdict.attempt, case.rate_ppm)
    if due != (verdict.mode != "not_audited"):
        words = "was drawn for an audit and had none" if due else "was audited without having been drawn"
        yield Flaw("audit draw", f"The answer {words}, at {case.rate_ppm / 10_000:g} %.")


def evidence_flaws(case: Case, evidence: Evidence, coordinator: str) -> Iterator[Flaw]:
    """The evidence is of this verdict, asked and answered by those who signed it."""
    verdict, result = case.verdict, evidence.result
    changed = [n for n in Verdict.__struct_fields__ if getattr(verdict, n) != getattr(evidence.verdict, n)]
    if changed:
        yield Flaw("verdict", f"It is not the verdict that was sealed: {', '.join(changed)} differ.")
    if not verify(result.node, result_bytes(result), result.signature):
        yield Flaw("result", "The node's signature does not cover this answer: it was changed after signing.")
    if (result.job, result.attempt, result.node) != (verdict.job, verdict.attempt, verdict.node):
        yield Flaw("result", "The answer is of another job, attempt or node.")
    if ids_digest(evidence.prompt_ids) != result.prompt_digest:
        yield Flaw("prompt", "The prompt is not the one that the node signed for.")
    draw = (evidence.draw, verdict.job, verdict.attempt, verdict.node, case.seeds_root, coordinator)
    for part in check_draw(*draw):
        if not part.ok:
            yield Flaw(f"draw: {part.name}", part.sentence)


def windows_flaws(evidence: Evidence, secrets: Secrets) -> Iterator[Flaw]:
    """The positions that were recomputed follow from the coordinator's key."""
    result = evidence.result
    if evidence.verdict.mode not in RECOMPUTED:
        return
    due = secrets.windows(result.job, result.attempt, len(result.token_ids), evidence.audit_positions)
    if due != evidence.windows:
        yield Flaw("windows", "The positions that were recomputed are not those that the key draws.")


def finding_flaws(verdict: Verdict, found: Finding) -> Iterator[Flaw]:
    """This machine's finding beside the verdict, figure by figure."""
    outcome = "accepted" if found.passed else "rejected"
    unlike = verdict.mode == "recompute_tolerant" and not verdict.calibration
    for name in _COMPARED:
        if name == "statistics" and unlike:  # two verifiers disagreed: nobody's figures stand
            continue
        ours = outcome if name == "outcome" else getattr(found, name)
        theirs = getattr(verdict, name)
        if ours != theirs:
            yield Flaw(name.replace("_", " "), _differ(name, ours, theirs, found))


def _differ(name: str, ours: object, theirs: object, found: Finding) -> str:
    if name == "outcome":
        return f"The network {theirs} it; this machine finds: {found.sentence}"
    if name == "statistics":
        return "The figures of the recompute are not those that this machine computes."
    return f"The verdict says {theirs}, this machine {ours}."
