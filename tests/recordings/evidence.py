"""Fixed evidence for the recordings: what an agent tells of one job, with the checks that it makes."""

from __future__ import annotations

from recordings.history import NOW, digest

from console.control.state import JobView
from console.control.wire import Check, JobDetail, Moment
from console.ledger.figures import credits
from console.protocol.ids import EvidenceId, GroupId, NanoCredits
from console.protocol.transcript import excluded_digest
from console.protocol.types import (
    Balances,
    DrawProof,
    Exclusion,
    Posting,
    Receipt,
    Ticket,
    Transaction,
    Verdict,
)

GONE = "Erased when the answer was accepted: what is the client's is not kept longer than needed."
DRAW_CHECKS = (
    Check("draw: ticket", True, "The ticket is this job's and signed by the coordinator."),
    Check("draw: seed", True, "Seed 841 is the one committed to before epoch 9."),
    Check("draw: roster", True, "This node is number 3 of 4 in the roster."),
    Check("draw: pick", True, "The draw falls on this node: 1 of 4."),
)
TO_COME = (
    Check("verdict: counts", None, "No verdict has come yet."),
    Check("receipt: signature", None, "No receipt has come yet."),
    Check("ledger: sum", None, "Nothing has been booked yet."),
)


def detail_of(view: JobView, node: str, profile: str, balances: Balances) -> JobDetail:
    """All the evidence behind one job, as far as it has come."""
    path = tuple(digest("path", n) for n in range(16))
    left_out = (Exclusion(0, "queue_full"), Exclusion(3, "queue_full"))
    places = digest("roster"), 6, 1, 883_402_117, 4, excluded_digest(left_out)
    ticket = Ticket(view.job, 841, 9, *places)
    nonce, seed = digest("nonce", size=32), digest("seed")
    proof = DrawProof(ticket, digest("sig"), nonce, seed, path, 2, path[:2], left_out)
    judged = verdict_on(view, node) if view.outcome is not None else None
    receipt = receipt_for(view, node, judged, balances) if judged is not None else None
    return JobDetail(
        view=view, fence=1, group=GroupId(digest("group")), profile=profile,
        commitment=digest("blob", view.job) if judged is not None else "", timeline=_life(view, judged),
        draw=proof, verdict=judged, receipt=receipt, checks=(*DRAW_CHECKS, *_checks(view)),
    )  # fmt: skip


def verdict_on(view: JobView, node: str) -> Verdict:
    """The verdict, as the stream tells it."""
    bad = view.state == "rejected"
    looked = 0 if view.mode == "not_audited" else view.tokens
    good = f"exact {looked}/{looked}" if looked else "Not drawn for an audit."
    evidence = EvidenceId(digest("evidence", view.job, size=32))
    return Verdict(
        evidence, view.job, 1, node, view.outcome or "accepted", view.mode or "not_audited", looked, int(bad),
        31 if bad else -1, view.sentence if bad else good, view.ended_ms + 300,
    )  # fmt: skip


def receipt_for(view: JobView, node: str, judged: Verdict, balances: Balances) -> Receipt:
    """What it came to."""
    bad, amount = judged.outcome == "rejected", NanoCredits(view.reward)
    postings = (
        Posting(f"escrow:{view.job}", NanoCredits(-amount)),
        Posting(f"node:{node}:pending", amount),
    )
    if bad:
        postings = (
            Posting(f"node:{node}:bond", NanoCredits(-420_000)),
            Posting(f"node:{node}:pending", NanoCredits(-220_000)),
            Posting("penalties", NanoCredits(640_000)),
        )
    name = f"penalty:{view.job}:1" if bad else f"pay:{view.job}"
    return Receipt(
        view.job, 1, node, judged.outcome, view.prompt_tokens, view.tokens, NanoCredits(view.reward),
        NanoCredits(view.penalty), judged.id, Transaction(name, view.ended_ms + 310, postings), balances,
        digest("receipt"),
    )  # fmt: skip


def judged_again(view: JobView) -> tuple[Check, ...]:
    """What the agent answers to `recompute`."""
    if view.state == "rejected":
        tokens = f"{view.prompt_tokens} prompt and {view.tokens} answer tokens"
        return (
            Check("evidence", True, f"{tokens} are kept sealed, signed by this node."),
            Check("structure", True, "The commitment opens and the answer ends as it says."),
            Check("replay", False, f"1 of {view.tokens} tokens differ, limit 0; the first is token 31."),
            Check("recompute", True, f"0 of {view.tokens} positions differ, limit 0: this engine gives the "
                  "same logits again."),
            Check("agreement", True, "The network rejected it, and so would this machine."),
        )  # fmt: skip
    words = "Draw, verdict, receipt and ledger entries need no prompt: their checks stand on this page."
    return (Check("evidence", None, GONE), Check("remains", None, words))


def _checks(view: JobView) -> tuple[Check, ...]:
    if view.state in ("queued", "running"):
        words = "There is no answer yet. It can be judged again from its end until its verdict."
        return (Check("result: signature", None, words), *TO_COME)
    if view.outcome is None:
        words = "There is no answer, so there is nothing to judge."
        return (Check("result: signature", None, words), *TO_COME)
    bad = view.state == "rejected"
    size, tokens = 320 * view.tokens, view.prompt_tokens + view.tokens
    counted = f"{view.prompt_tokens} prompt and {view.tokens} answer tokens"
    kept = (
        Check("result: signature", True, f"{counted} are kept sealed, signed by this node."),
        Check("result: opening", True, f"{size:,} bytes of candidates are kept sealed, and are what was "
              "committed to."),
    )  # fmt: skip
    looked = f"{view.tokens} of the {view.tokens} tokens that this node gave were checked."
    if view.mode == "not_audited":
        looked = "Accepted without an audit: there is no finding to check."
    paid = f"{credits(view.reward)} rewarded, {credits(view.reward)} booked to this node."
    amount = f"{credits(tokens * 500)} due at 500 nano-credits per token, {paid}"
    if bad:
        most = credits(10 * tokens * 500)
        amount = f"640.0 µcr taken, at most {most} by the policy; −640.0 µcr booked to this node."
    return (
        *(kept if bad else (Check("result: signature", None, GONE),)),
        Check("verdict: counts", True, looked + (" The finding lies within the answer." if bad else "")),
        Check("verdict: receipt", True, "The receipt names this verdict and its outcome."),
        Check("receipt: signature", True, "Signed by the coordinator that gave the job."),
        Check("receipt: tokens", True, f"{counted}, as here."),
        _inclusion(view),
        Check("ledger: sum", True, f"{3 if bad else 2} postings sum to 0."),
        Check("ledger: penalty" if bad else "ledger: reward", True, amount),
    )


def _inclusion(view: JobView) -> Check:
    """The newest jobs are of the epoch that still runs."""
    if view.received_ms > NOW - 31_000:
        return Check("receipt: statement", None, "No statement that is kept here covers when it was booked.")
    where = f"the signed statement {digest('statement', 8)[:6]} of epoch 8"
    return Check("receipt: statement", True, f"Counted in {where}, by a path to its root.")


def _life(view: JobView, judged: Verdict | None) -> tuple[Moment, ...]:
    moments = [Moment(view.received_ms, "queued", "Taken into the queue.")]
    if view.started_ms:
        moments.append(Moment(view.started_ms, "running"))
    if judged is not None:
        moments += [
            Moment(view.ended_ms, "result", f"{view.tokens} tokens, journalled."),
            Moment(view.ended_ms + 20, "answered", "Taken."),
            Moment(view.ended_ms + 300, judged.outcome, judged.sentence),
            Moment(view.ended_ms + 320, "settled" if view.penalty else "paid", "Booked as "
                   + ("penalty:" if view.penalty else "pay:") + view.job + "."),
        ]  # fmt: skip
    elif view.state == "failed":
        moments.append(Moment(view.ended_ms, "failed", view.sentence))
    return tuple(moments)
