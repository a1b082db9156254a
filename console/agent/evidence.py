"""Everything behind one job, recomputed on this machine rather than believed.

A check is named `stage: what`; the stages are draw, result, verdict, receipt and ledger.
"""

from __future__ import annotations

import msgspec

from console.agent.jobs.aftermath import transaction_trouble
from console.agent.journal import JobRecord, Journal, Kept
from console.agent.judging import evidence_check, why_gone
from console.agent.statements.checks import inclusion_check
from console.control.wire import Check, JobDetail
from console.fairness import check_draw
from console.ledger import node_bond, node_pending
from console.ledger.figures import credits
from console.protocol.frames import receipt_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.types import Policy, Receipt, Verdict
from console.verification.commitment import commitment


async def job_detail(journal: Journal, record: JobRecord, node: NodeId, policy: Policy) -> JobDetail:
    """The detail of one attempt with all its checks. Raises JournalError."""
    view = record.view
    verdict = await journal.jobs.verdict(view.job, view.attempt)
    receipt = await journal.money.receipt(view.job, view.attempt)
    kept = await journal.results.kept(view.job, view.attempt)
    checks = (
        *draw_checks(record, node),
        *result_checks(kept, record),
        *verdict_checks(verdict, receipt, record),
        *receipt_checks(receipt, record),
        *inclusion_check(await journal.stated.place(view.job, view.attempt)),
        *ledger_checks(receipt, record, node, policy),
    )
    return JobDetail(
        view=view,
        fence=record.fence,
        group=record.group,
        profile=record.profile,
        commitment=record.commitment,
        timeline=await journal.jobs.timeline(view.job, view.attempt),
        draw=record.draw,
        verdict=verdict,
        receipt=receipt,
        checks=checks,
    )


def draw_checks(record: JobRecord, node: NodeId) -> tuple[Check, ...]:
    """The draw, part by part."""
    view = record.view
    parts = check_draw(record.draw, view.job, view.attempt, node, record.seeds_root, record.coordinator)
    return tuple(Check(f"draw: {part.name}", part.ok, part.sentence) for part in parts)


def result_checks(kept: Kept | None, record: JobRecord) -> tuple[Check, ...]:
    """The node's own signature and commitment, while what they cover is kept."""
    if kept is None:
        return (Check("result: signature", None, why_gone(record)),)
    return (
        msgspec.structs.replace(evidence_check(record, kept), name="result: signature"),
        Check(
            "result: opening",
            commitment(kept.opening) == kept.result.commitment,
            f"{len(kept.opening):,} bytes of candidates are kept sealed, and are what was committed to."
            if commitment(kept.opening) == kept.result.commitment
            else "The kept opening is not what was committed to.",
        ),
    )


def verdict_checks(verdict: Verdict | None, receipt: Receipt | None, record: JobRecord) -> tuple[Check, ...]:
    """Whether the verdict fits the answer as it is journalled, and the receipt the verdict."""
    if verdict is None:
        return (Check("verdict: counts", None, "No verdict has come yet."),)
    return (_counts(verdict, record), _same_verdict(verdict, receipt))


def _counts(verdict: Verdict, record: JobRecord) -> Check:
    tokens = record.view.tokens
    words = f"{verdict.tokens_checked:,} of the {tokens:,} tokens that this node gave were checked."
    if 0 < verdict.positions < tokens:
        words += f" {verdict.positions:,} of them were recomputed, in windows; all were replayed."
    whole_audit = verdict.outcome == "accepted" and verdict.mode != "not_audited"
    if verdict.outcome == "accepted" and verdict.mode == "not_audited":
        fits, words = verdict.tokens_checked == 0, "Accepted without an audit: there is no finding to check."
    elif whole_audit:
        fits = verdict.tokens_checked == tokens and verdict.mismatches == 0
    else:
        fits = verdict.first_mismatch < max(1, tokens) and verdict.mismatches > 0
        words += " The finding lies within the answer." if fits else " The finding names no place in it."
    return Check("verdict: counts", fits, words)


def _same_verdict(verdict: Verdict, receipt: Receipt | None) -> Check:
    if receipt is None:
        return Check("verdict: receipt", None, "No receipt has come yet.")
    agree = receipt.verdict == verdict.id and receipt.outcome == verdict.outcome
    words = "The receipt names this verdict and its outcome."
    return Check("verdict: receipt", agree, words if agree else "The receipt names another verdict.")


def receipt_checks(receipt: Receipt | None, record: JobRecord) -> tuple[Check, ...]:
    """Signature, and the tokens that it counts."""
    if receipt is None:
        return (Check("receipt: signature", None, "No receipt has come yet."),)
    signed = verify(record.coordinator, receipt_bytes(receipt), receipt.signature)
    good = "Signed by the coordinator that gave the job."
    return (
        Check("receipt: signature", signed, good if signed else "The signature is wrong."),
        _tokens(receipt, record),
    )


def ledger_checks(
    receipt: Receipt | None, record: JobRecord, node: NodeId, policy: Policy
) -> tuple[Check, ...]:
    """The postings: their sum, and the amounts against the public prices."""
    if receipt is None:
        return (Check("ledger: sum", None, "Nothing has been booked yet."),)
    trouble = transaction_trouble(receipt.transaction)
    total = sum(posting.amount for posting in receipt.transaction.postings)
    words = f"{len(receipt.transaction.postings)} postings sum to {total}."
    return (
        Check("ledger: sum", not trouble and total == 0, trouble or words),
        _reward(receipt, record, node) if receipt.outcome == "accepted" else _penalty(receipt, node, policy),
    )


def _tokens(receipt: Receipt, record: JobRecord) -> Check:
    claimed = (record.view.prompt_tokens, record.view.tokens)
    settled = (receipt.prompt_tokens, receipt.completion_tokens)
    words = f"{settled[0]} prompt and {settled[1]} answer tokens"
    ours = f"; this node counted {claimed[0]} and {claimed[1]}"
    return Check(
        "receipt: tokens", settled == claimed, f"{words}, as here." if settled == claimed else words + ours
    )


def _reward(receipt: Receipt, record: JobRecord, node: NodeId) -> Check:
    due = (receipt.prompt_tokens + receipt.completion_tokens) * record.reward_rate
    came = _moved(receipt, node)
    good = receipt.reward == due == came
    owed = f"{credits(due)} due at {record.reward_rate:,} nano-credits per token"
    words = f"{owed}, {credits(receipt.reward)} rewarded, {credits(came)} booked to this node."
    return Check("ledger: reward", good, words)


def _penalty(receipt: Receipt, node: NodeId, policy: Policy) -> Check:
    tokens = receipt.prompt_tokens + receipt.completion_tokens
    most = policy.penalty_multiple * tokens * policy.node_rate
    came = _moved(receipt, node)
    good = receipt.reward == 0 and 0 <= receipt.penalty <= most and came == -receipt.penalty
    allowed = f"{credits(receipt.penalty)} taken, at most {credits(most)} by the policy"
    words = f"{allowed}; {credits(came)} booked to this node."
    return Check("ledger: penalty", good, words)


def _moved(receipt: Receipt, node: NodeId) -> int:
    own = (node_pending(node), node_bond(node))
    return sum(p.amount for p in receipt.transaction.postings if p.account in own)
