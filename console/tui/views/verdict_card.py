"""All that is known of one verdict without asking the agent."""

from __future__ import annotations

from console.control.state import VerdictView
from console.ledger.figures import credits
from console.protocol.ids import short
from console.tui.figures import ago
from console.tui.rows import Role, Row, fit, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.margins import DIFFER_LIMIT
from console.tui.views.statistics import NAMES, in_windows, looked_at, measured, nearest, over
from console.tui.views.verification import named
from console.tui.views.words import MODE_WORDS


def card(verdict: VerdictView | None, view: View, frame: Frame) -> list[Row]:
    """All that is known here of the verdict under the cursor, and what its keys do."""
    if verdict is None:
        return framed("Chosen", [row((" Nothing is chosen.", "dim"))] if view.known else [], frame)
    good = verdict.outcome == "accepted"
    ink: Role = "good" if good else "bad"
    wide = frame.inner_width
    sentence = verdict.sentence if verdict.outcome == "rejected" else ""
    rows = [
        row((f" {'✓' if good else '✗'} {verdict.outcome}", ink), f", {_how(verdict)}"),
        *(row(f"   {line}") for line in wrap(sentence, wide - 5, 3) if line),
        row(),
        *_margin(verdict),
        *_job(verdict, view),
        named("Judged", ago(view.now_ms, verdict.at_ms)),
    ]
    return framed(f"Chosen {short(verdict.job)}", [fit(line, wide) for line in rows], frame)


def _how(verdict: VerdictView) -> str:
    word = MODE_WORDS.get(verdict.mode, verdict.mode)
    return {
        "exact": "recomputed exactly",
        "tolerant": "recomputed tolerantly",
        "abstained": "recompute abstained from",
        "replay": "by replay",
        "structure": "by its structure",
    }.get(word, word)


def _margin(verdict: VerdictView) -> list[Row]:
    if verdict.mode == "not_audited":
        return [row((text_fit(" Margin", 11), "dim"), ("none: not audited", "dim"))]
    if verdict.mode == "abstained":
        return [row((text_fit(" Margin", 11), "dim"), ("none: no calibration", "dim"))]
    rows = [*_nearest(verdict)] or [_differ(verdict)]
    if in_windows(verdict):
        rows.append(named("Looked at", f"{verdict.positions:,}", f" of {verdict.tokens_checked:,} positions"))
    if verdict.first_mismatch >= 0:
        rows.append(named("First", f"token {verdict.first_mismatch:,}"))
    return rows


def _differ(verdict: VerdictView) -> Row:
    limit = DIFFER_LIMIT.get(verdict.mode, 0)
    words = f"{verdict.mismatches:,} of {looked_at(verdict):,} differ, limit {limit}"
    return row((text_fit(" Margin", 11), "dim"), (words, "bad" if verdict.mismatches > limit else "strong"))


def _nearest(verdict: VerdictView) -> list[Row]:
    """The figure nearest to its limit; the page of the job has them all."""
    one = nearest(verdict.statistics)
    if one is None:
        return []
    ink: Role = "bad" if over(one) else "strong"
    return [
        row((text_fit(" Margin", 11), "dim"), (measured(one), ink)),
        row((text_fit("", 11), "dim"), (NAMES[one.name], "dim")),
    ]


def _job(verdict: VerdictView, view: View) -> list[Row]:
    job = view.book.get((verdict.job, verdict.attempt))
    if job is None:
        return []
    earned = row((text_fit(" Earned", 11), "dim"), ("no receipt yet", "dim"))
    if job.penalty:
        earned = row((text_fit(" Penalty", 11), "dim"), (credits(-job.penalty), "bad"))
    elif job.reward:
        earned = row((text_fit(" Earned", 11), "dim"), (credits(job.reward, sign=True), "good"))
    return [named("Tokens", f"{job.tokens:,}", f"after {job.prompt_tokens:,} of prompt"), earned]
