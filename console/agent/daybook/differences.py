"""Answers whose three columns should agree by now and do not, and penalties with their evidence. Pure."""

from __future__ import annotations

from console.agent.journal.answers import Apart
from console.control.earnings import Difference, PenaltyView
from console.ledger.figures import exact_credits
from console.models.errors import plain
from console.protocol.ids import EvidenceId, JobId
from console.protocol.types import Receipt, Verdict

RECEIPT_DUE_MS = 600_000
"""A receipt comes with its verdict; one that is missing for so long is a difference."""
VERDICT_DUE_MS = 3_600_000
"""No audit is asked for later than this."""


def difference(answer: Apart, now_ms: int) -> Difference | None:
    """`answer` as a difference, or None while it may still come right by itself."""
    sentence = _sentence(answer, now_ms)
    if not sentence:
        return None
    return Difference(
        JobId(answer.job),
        answer.attempt,
        answer.finished_ms,
        answer.claimed,
        answer.passed or 0,
        answer.settled or 0,
        sentence,
    )


def penalty(
    at_ms: int, verdict: Verdict | None, receipt: Receipt | None, now_ms: int, window_ms: int
) -> PenaltyView:
    """A rejected answer, by its verdict, its receipt or both. `window_ms`: how long it counts; 0: unknown."""
    told = verdict or receipt
    assert told is not None
    until_ms = at_ms + window_ms if verdict is not None and window_ms else 0
    return PenaltyView(
        job=told.job,
        attempt=told.attempt,
        at_ms=at_ms,
        rule=verdict.mode if verdict is not None else "",
        sentence=plain(verdict.sentence, 300) if verdict is not None else "No verdict has come for it.",
        amount=receipt.penalty if receipt is not None else 0,
        evidence=EvidenceId(plain(told.id if isinstance(told, Verdict) else told.verdict, 80)),
        until_ms=until_ms if until_ms > now_ms else 0,
        booked=receipt is not None,
    )


def _sentence(answer: Apart, now_ms: int) -> str:
    if answer.passed is None:
        return _unjudged(answer, now_ms)
    if answer.settled is None:
        late = now_ms - answer.judged_ms >= RECEIPT_DUE_MS
        if answer.passed:
            return "Accepted, and no receipt has come yet." if late else ""
        return "Rejected, and no receipt has come yet." if late else "Rejected: it earns nothing."
    if answer.settled != answer.claimed and answer.passed:
        return (
            f"The receipt books{exact_credits(answer.settled).replace('+', ' ')}, where the answer's tokens "
            "at the assignment's rate come to another amount."
        )
    return "Rejected: it earns nothing." if not answer.passed else ""


def _unjudged(answer: Apart, now_ms: int) -> str:
    if answer.state == "stale":
        return "The network did not take it: it came too late."
    if answer.settled is not None:
        late = now_ms - answer.finished_ms >= RECEIPT_DUE_MS
        return "Booked, and no verdict has come for it." if late else ""
    if now_ms - answer.finished_ms < VERDICT_DUE_MS:
        return ""
    if answer.state == "answered":
        return "The network has it and has not judged it for over an hour."
    return "The network has not said for over an hour that it has it."
