"""Everything behind one job, recomputed on this machine rather than believed."""

from __future__ import annotations

from console.agent.jobs.aftermath import receipt_trouble
from console.agent.journal import JobRecord, Journal
from console.control.wire import Check, JobDetail
from console.fairness import check_draw
from console.ledger import node_bond, node_pending
from console.protocol.frames import receipt_bytes, result_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import verify
from console.protocol.types import Policy, Receipt, Result, Verdict


async def job_detail(journal: Journal, record: JobRecord, node: NodeId, policy: Policy) -> JobDetail:
    """The detail of one attempt with all its checks. Raises JournalError."""
    view = record.view
    verdict = await journal.jobs.verdict(view.job, view.attempt)
    receipt = await journal.money.receipt(view.job, view.attempt)
    result = await journal.results.result(view.job, view.attempt)
    checks = (
        *draw_checks(record, node),
        result_check(result, record),
        *verdict_checks(verdict, receipt, record),
        *receipt_checks(receipt, record, node, policy),
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


def result_check(result: Result | None, record: JobRecord) -> Check:
    """The node's own signature, while the result is kept."""
    if result is not None:
        good = verify(result.node, result_bytes(result), result.signature)
        words = "Signed by this node, and waits sealed for the network's answer."
        return Check("result", good, words if good else "The signature of the kept result is wrong.")
    if record.commitment:
        words = f"Sent and answered, so it was erased here; commitment {record.commitment[:16]}… remains."
        return Check("result", None, words)
    return Check("result", None, "There is no result.")


def verdict_checks(verdict: Verdict | None, receipt: Receipt | None, record: JobRecord) -> tuple[Check, ...]:
    """Whether verdict and receipt speak of the same thing."""
    if verdict is None:
        return (Check("verdict", None, "No verdict has come yet."),)
    audit = verdict.mode != "not_audited" and verdict.outcome == "accepted"
    short_audit = audit and verdict.tokens_checked != record.view.tokens
    own = Check(
        "verdict",
        not short_audit,
        f"{verdict.outcome}, {verdict.mode}, {verdict.tokens_checked} of {record.view.tokens} checked.",
    )
    if receipt is None:
        return (own, Check("verdict and receipt", None, "No receipt has come yet."))
    agree = receipt.verdict == verdict.id and receipt.outcome == verdict.outcome
    words = (
        "The receipt names this verdict and its outcome." if agree else "The receipt names another verdict."
    )
    return (own, Check("verdict and receipt", agree, words))


def receipt_checks(
    receipt: Receipt | None, record: JobRecord, node: NodeId, policy: Policy
) -> tuple[Check, ...]:
    """Signature, sum, and amounts against the public prices."""
    if receipt is None:
        return (Check("receipt", None, "No receipt has come yet."),)
    signed = verify(record.coordinator, receipt_bytes(receipt), receipt.signature)
    trouble = receipt_trouble(receipt, record.coordinator) if signed else ""
    total = sum(p.amount for p in receipt.transaction.postings)
    return (
        Check(
            "receipt: signature",
            signed,
            "Signed by the coordinator that gave the job." if signed else "The signature is wrong.",
        ),
        Check(
            "receipt: sum",
            not trouble and total == 0,
            trouble or f"{len(receipt.transaction.postings)} postings sum to {total}.",
        ),
        _tokens(receipt, record),
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
    words = (
        f"{due} due at {record.reward_rate} per token, {receipt.reward} rewarded, {came} booked to this node."
    )
    return Check("receipt: reward", good, words)


def _penalty(receipt: Receipt, node: NodeId, policy: Policy) -> Check:
    tokens = receipt.prompt_tokens + receipt.completion_tokens
    most = policy.penalty_multiple * tokens * policy.node_rate
    came = _moved(receipt, node)
    good = receipt.reward == 0 and 0 <= receipt.penalty <= most and came == -receipt.penalty
    words = f"{receipt.penalty} taken, at most {most} by the policy; {came} booked to this node."
    return Check("receipt: penalty", good, words)


def _moved(receipt: Receipt, node: NodeId) -> int:
    own = (node_pending(node), node_bond(node))
    return sum(p.amount for p in receipt.transaction.postings if p.account in own)
