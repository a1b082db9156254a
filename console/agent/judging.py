"""An answer judged again from its evidence: what can be said without the engine, and what follows. Pure.

What is said are counts and positions; no token id leaves these functions.
"""

from __future__ import annotations

from console.agent.journal import JobRecord, Kept
from console.control.wire import Check
from console.engine.port import Vocabulary
from console.fairness import draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.frames import result_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.types import Verdict
from console.verification.judge import Claim, Ending, Finding, check_replay, check_structure
from console.verification.noise import job_seed
from console.verification.pieces import ending_of


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
        rules=question.rules,
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
