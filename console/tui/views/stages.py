"""The chain of evidence, stage by stage: what stands behind each, and how its checks came out. Pure."""

from __future__ import annotations

from collections import Counter

from console.control.wire import JobDetail
from console.fairness import chances
from console.ledger.figures import credits, exact_credits
from console.protocol.ids import short
from console.protocol.types import DrawProof, Verdict, VerdictMode
from console.tui.figures import brief, clock_time, rate
from console.tui.reckoning import day_of
from console.tui.rows import Role, Row, row, rule, text_fit, width_of, wrap
from console.tui.views.chain import MARKS, Stage, check_rows, checks_of, standing
from console.tui.views.margins import DIFFER_LIMIT
from console.tui.views.statistics import NAMES, in_windows, looked_at, measured, over

HOW: dict[VerdictMode, str] = {
    "not_audited": ", not audited",
    "structure": " by its structure",
    "replay": " by replay",
    "recompute_exact": " by exact recomputation",
    "recompute_tolerant": " by tolerant recomputation",
    "abstained": " by replay, recompute abstained from",
}


def stages(detail: JobDetail, width: int, offset_s: int) -> list[list[Row]]:
    """A section for each stage, in the chain's order; one that has no evidence yet says so."""
    return [
        _draw(detail, width), _result(detail, width), _verdict(detail, width, offset_s),
        _receipt(detail, width), _ledger(detail, width),
    ]  # fmt: skip


def _named(name: str, value: str, ink: Role = "text") -> Row:
    return row((text_fit(f"   {name}", 15), "dim"), (value, ink))


def _section(stage: Stage, detail: JobDetail, width: int) -> list[Row]:
    """The title, with how the stage stands at its right end, and the checks that were made."""
    mark = MARKS[standing(stage, detail)]
    badge = row((f" {mark.glyph} {mark.words} ", mark.ink), ("─", "rule"))
    title = (*rule(stage.capitalize(), width - width_of(badge)), *badge)
    return [title, *check_rows(checks_of(detail.checks, stage), width)]


def _draw(detail: JobDetail, width: int) -> list[Row]:
    proof, rows = detail.draw, _section("draw", detail, width)
    if proof is None:
        return [*rows, row(("   No proof is kept for this job.", "dim"))]
    ticket = proof.ticket
    right = detail.view.draw_ok
    word = "" if right is None else f"; recomputed here: {'right' if right else 'WRONG'}"
    drawn = f"1 of {chances(ticket):,}, drawn as number {proof.index + 1:,}{word}"
    return [
        *rows,
        _named("Chance", drawn, "bad" if right is False else "strong"),
        _named("Ticket", f"epoch {ticket.epoch:,}  k {ticket.k:,}  attempt {ticket.attempt}"),
        _named("Roster", ticket.roster_root),
        *_listed(proof),
        _named("Seed", proof.seed),
        _named("Nonce", f"{proof.nonce}  {_OWN if ticket.commitment else _GATEWAY}"),
        _named("Paths", f"seed {len(proof.seed_path)} steps, roster {len(proof.roster_path)} steps"),
    ]


_OWN, _GATEWAY = "the client's own", "drawn by the gateway"


def _listed(proof: DrawProof) -> list[Row]:
    """Whose roster it was and who of it was left out; nothing for proofs of before, which do not say."""
    ticket = proof.ticket
    if ticket.slot < 0:
        return []
    counts = Counter(one.code for one in proof.excluded)
    out = ", ".join(f"{count} {code}" for code, count in sorted(counts.items())) or "nobody"
    return [_named("Listed", f"{ticket.roster_size:,} in slot {ticket.slot:,}; left out: {out}")]


def _result(detail: JobDetail, width: int) -> list[Row]:
    view = detail.view
    tokens = f"{view.tokens:,} of at most {view.max_tokens:,}, after {view.prompt_tokens:,} of prompt"
    rows = [
        *_section("result", detail, width),
        _named("Job", f"{view.job}", "strong"),
        _named("Attempt", f"{view.attempt} under fence {detail.fence}"),
        _named("Tokens", tokens),
        _named("Speed", f"{rate(view.tokens_per_s_milli)} tok/s, first token {brief(view.first_token_ms)}"),
        _named("Commitment", detail.commitment or "none yet"),
        _named("Group", detail.group or "—"),
        _named("Profile", detail.profile or "—"),
    ]
    if view.fault:
        rows.append(_named("Fault", view.fault, "warn"))
    return rows


def measure_rows(verdict: Verdict) -> list[Row]:
    """By what margin, against which limits, over how many positions, and by whose calibration."""
    if verdict.mode == "not_audited":
        return [_named("Margin", "not measured: no audit was drawn", "dim")]
    if verdict.mode == "abstained":
        return [_named("Margin", "not measured: no calibration fits", "dim")]
    rows = [_named(NAMES[one.name].capitalize(), measured(one), "bad" if over(one) else "strong")
            for one in verdict.statistics]  # fmt: skip
    if not rows:
        limit = DIFFER_LIMIT.get(verdict.mode, 0)
        words = f"{verdict.mismatches:,} of {looked_at(verdict):,} tokens differ, limit {limit}"
        rows = [_named("Margin", words, "bad" if verdict.mismatches > limit else "strong")]
    if in_windows(verdict):
        rows.append(_named("Positions", f"{verdict.positions:,} of {verdict.tokens_checked:,}, in windows"))
    if verdict.calibration:
        rows.append(_named("Calibration", short(verdict.calibration)))
    return rows


def _verdict(detail: JobDetail, width: int, offset_s: int) -> list[Row]:
    verdict, rows = detail.verdict, _section("verdict", detail, width)
    if verdict is None:
        return rows
    good = verdict.outcome == "accepted"
    ink: Role = "good" if good else "bad"
    how = f"{'✓' if good else '✗'} {verdict.outcome}{HOW.get(verdict.mode, '')}"
    rows.append(_named("Outcome", how, ink))
    rows += [_named("" if i else "Finding", line)
             for i, line in enumerate(wrap(verdict.sentence, width - 16, 4)) if line]  # fmt: skip
    rows += measure_rows(verdict)
    if verdict.first_mismatch >= 0:
        rows.append(_named("Mismatch", f"token {verdict.first_mismatch:,} is the first", "bad"))
    judged = f"{day_of(verdict.at_ms, offset_s)} {clock_time(verdict.at_ms, offset_s)}"
    return [*rows, _named("Evidence", verdict.id), _named("Judged", judged)]


def _receipt(detail: JobDetail, width: int) -> list[Row]:
    receipt, rows = detail.receipt, _section("receipt", detail, width)
    if receipt is None:
        return rows
    settled = f"{receipt.prompt_tokens:,} of prompt and {receipt.completion_tokens:,} of answer"
    return [
        *rows,
        _named("Earned", credits(receipt.reward, sign=True), "good" if receipt.reward else "text"),
        _named("Penalty", credits(-receipt.penalty), "bad" if receipt.penalty else "text"),
        _named("Tokens", settled),
        _named("Verdict", receipt.verdict),
    ]


def _ledger(detail: JobDetail, width: int) -> list[Row]:
    rows = _section("ledger", detail, width)
    if detail.receipt is None:
        return rows
    transaction, own = detail.receipt.transaction, f"node:{detail.receipt.node}:"
    rows.append(_named("Transaction", transaction.id, "strong"))
    for posting in transaction.postings:
        amount = f"{exact_credits(posting.amount):>20}  "
        account = posting.account
        if account.startswith(own):
            account = f"{own[:11]}…:{account.removeprefix(own)}, this node"
        rows.append(row("   ", (amount, "good" if posting.amount > 0 else "text"), account))
    total = sum(posting.amount for posting in transaction.postings)
    rows.append(row("   ", (f"{exact_credits(total):>20}  ", "strong"), ("sum", "dim")))
    return rows
