"""How a job ends: state, money, verdict and outbox of one ending in one unit of work."""

from __future__ import annotations

import msgspec

from console.coordinator.audits.audits import Judged
from console.coordinator.clock import day_of
from console.coordinator.dispatch.standing import add_up
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import Job
from console.coordinator.parts import Parts
from console.coordinator.store import NodeRow, Unit
from console.ledger import (
    balances_after,
    collectable,
    fee,
    hold,
    pay,
    penalty,
    price,
    refund,
    split_reward,
    withheld_fee,
)
from console.protocol.frames import receipt_bytes
from console.protocol.ids import NanoCredits, NodeId
from console.protocol.statements import receipt_leaf
from console.protocol.types import Balances, Fault, Receipt, Transaction, Verdict


def open_job(unit: Unit, parts: Parts, job: Job) -> Job:
    """Take the request on and hold what it can cost at most. Raises OverdrawnError."""
    now_ms = parts.clock.now_ms()
    amount = price(parts.policy, job.prompt_tokens, job.max_tokens).client
    held = jobs.hold(job, amount, now_ms)
    unit.save_job(held, None)
    if amount:
        unit.book(hold(job.id, job.client, amount, now_ms))
    _spend(unit, job, amount)
    return held


def give_back(unit: Unit, parts: Parts, was: Job, fault: Fault, code: str, *, withheld: bool = False) -> Job:
    """The job failed, or the client left (`code` cancelled): everything held goes back.

    `withheld`: the client did not reveal its nonce, and pays the fee out of that.
    """
    now_ms = parts.clock.now_ms()
    cancelled = fault == "client" and code == "cancelled"
    due = withheld_fee(parts.policy, was.held) if withheld else 0
    job = jobs.cancel(was, now_ms) if cancelled else jobs.fail(was, fault, code, now_ms, price=due)
    unit.save_job(job, was)
    unit.end_attempt(job, code, fault, now_ms)
    if was.held:
        unit.book(refund(was.id, was.client, was.held, now_ms))
    if due:
        unit.book(fee(was.id, was.client, due, now_ms))
    _spend(unit, was, due - was.held)
    return job


def accept(
    unit: Unit, parts: Parts, was: Job, taken: Job, judged: Judged, before: Balances, sealed: bytes
) -> Job:
    """The answer is good, or was not drawn for an audit: pay it. `sealed`: evidence, empty for none.

    `was`: the job on record; `taken`: as it stands with its result, which may be put on record with this;
    `before`: the node's balances, as this unit read them.
    """
    now_ms, node = parts.clock.now_ms(), NodeId(was.node)
    due = price(parts.policy, taken.prompt_tokens, taken.completion_tokens)
    to_bond, _ = split_reward(parts.policy, due.reward, before.bond)
    job = jobs.settle(taken, due.client, due.reward, now_ms)
    booked = Transaction(f"pay:{job.id}", now_ms, ())
    if was.held:
        booked = pay(
            job.id,
            job.client,
            node,
            held=was.held,
            price=due.client,
            reward=due.reward,
            to_bond=to_bond,
            at_ms=now_ms,
        )
        unit.book(booked)
    _spend(unit, was, due.client - was.held)
    unit.save_job(job, was)
    unit.end_attempt(job, "accepted", "", now_ms)
    _tell(unit, parts, job, judged, booked, before, 0)
    if sealed:
        unit.add_evidence(judged.verdict, sealed, now_ms + 1000 * parts.config.evidence.accepted_s)
    if add_up(unit, judged) or judged.unconfirmed:
        watch_again(unit, parts, node)
    return job


def reject(unit: Unit, parts: Parts, was: Job, judged: Judged, sealed: bytes) -> tuple[Job, NodeRow | None]:
    """The answer is false: refund the client, take the penalty, keep the evidence, suspend a repeater.

    The row is that of a node that is suspended by this.
    """
    now_ms, node = parts.clock.now_ms(), NodeId(was.node)
    job = jobs.penalise(was, now_ms)
    unit.save_job(job, was)
    unit.end_attempt(job, "rejected", "node", now_ms)
    booked = Transaction(f"refund:{job.id}", now_ms, ())
    if was.held:
        booked = refund(job.id, job.client, was.held, now_ms)
        unit.book(booked)
    _spend(unit, was, -was.held)
    reward = price(parts.policy, was.prompt_tokens, was.completion_tokens).reward
    before = unit.balances(node)
    from_bond, from_pending = collectable(parts.policy, reward, before.bond, before.pending)
    taken = penalty(job.id, job.attempt, node, from_bond, from_pending, now_ms)
    if taken is not None:
        unit.book(taken)
    _tell(unit, parts, job, judged, taken or booked, before, from_bond + from_pending)
    unit.add_evidence(judged.verdict, sealed, now_ms + 1000 * parts.config.limits.dispute_s)
    if add_up(unit, judged):
        watch_again(unit, parts, node)
    return job, _suspend(unit, parts, judged.verdict)


def watch_again(unit: Unit, parts: Parts, node: str) -> None:
    """A node that vanished from an audit, or whose mismatch nobody could confirm, is on probation anew.

    It costs an honest node nothing; without it, leaving whenever an answer is audited would make cheating
    free, as would a network whose second verifier is down.
    """
    if (row := unit.node(node)) is not None:
        anew_ms = max(row.probation_from_ms, parts.clock.now_ms() + 1)
        unit.save_node(msgspec.structs.replace(row, probation_from_ms=anew_ms))


def _tell(
    unit: Unit,
    parts: Parts,
    job: Job,
    judged: Judged,
    booked: Transaction,
    before: Balances,
    taken: int,
) -> None:
    verdict = judged.verdict
    unit.add_verdict(verdict)
    unit.add_audit(judged.audit)
    unsigned = Receipt(
        job=job.id,
        attempt=job.attempt,
        node=verdict.node,
        outcome=verdict.outcome,
        prompt_tokens=job.prompt_tokens,
        completion_tokens=job.completion_tokens,
        reward=NanoCredits(job.reward),
        penalty=NanoCredits(taken),
        verdict=verdict.id,
        transaction=booked,
        balances=balances_after(before, verdict.node, booked),
        signature="",
    )
    signed = receipt_bytes(unsigned)
    receipt = msgspec.structs.replace(unsigned, signature=parts.key.sign(signed))
    unit.add_receipt(receipt, receipt_leaf(signed, receipt.signature))
    for message in (verdict, receipt):
        unit.post(verdict.node, msgspec.json.encode(message), verdict.at_ms)


def _suspend(unit: Unit, parts: Parts, verdict: Verdict) -> NodeRow | None:
    policy, row = parts.policy, unit.node(verdict.node)
    if row is None or policy.suspend_after == 0 or row.suspended_until_ms > verdict.at_ms:
        return None
    since_ms = max(verdict.at_ms - 1000 * policy.suspend_window_s, row.probation_from_ms)
    if unit.verdicts(verdict.node, "rejected", since_ms, policy.suspend_after) < policy.suspend_after:
        return None
    until_ms = verdict.at_ms + 1000 * policy.suspend_s
    suspended = msgspec.structs.replace(
        row,
        suspended_until_ms=until_ms,
        probation_from_ms=until_ms,
        suspended_rule=f"{policy.suspend_after} rejected answers within {policy.suspend_window_s} s",
        suspended_evidence=verdict.id,
    )
    unit.save_node(suspended)
    return suspended


def _spend(unit: Unit, job: Job, amount: int) -> None:
    """What is held counts as spent, on the day that it was asked for, until it is given back."""
    if amount:
        unit.spend(job.client, job.key, day_of(job.received_ms), amount)
