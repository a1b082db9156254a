"""One job and everything that stands behind it: life, draw, verdict, receipt, ledger entries."""

from __future__ import annotations

from console.control.wire import Check, JobDetail, Moment
from console.ledger.figures import credits, exact_credits
from console.protocol.types import DrawProof, Receipt, Verdict, VerdictMode
from console.tui.figures import brief, clock_time, rate
from console.tui.rows import Role, Row, fit, row, rule, text_fit, wrap
from console.tui.views.jobs import STATE_INK

_CHECK: dict[bool | None, tuple[str, Role]] = {True: ("✓", "good"), False: ("✗", "bad"), None: ("·", "dim")}

_HOW: dict[VerdictMode, str] = {
    "not_audited": ", not audited",
    "structure": " by its structure",
    "replay": " by replay",
    "recompute_exact": " by exact recomputation",
}


def detail_rows(detail: JobDetail, width: int, offset_s: int) -> list[Row]:
    """The whole page; a section that has no evidence yet says so instead of hiding."""
    view = detail.view
    rows = [
        *_head(detail, width),
        (),
        *_section("Timeline", width),
        *_timeline(detail.timeline, width, offset_s),
        (),
        *_section("Draw", width),
        *_draw(detail.draw, view.draw_ok, width),
        (),
        *_section("Verdict", width),
        *_verdict(detail.verdict, detail, width, offset_s),
        (),
        *_section("Receipt and ledger entries", width),
        *_receipt(detail.receipt, width),
        (),
        *_section("Checked on this machine", width),
        *_checks(detail.checks, width),
    ]
    return [fit(line, width) for line in rows]


def _section(title: str, width: int) -> list[Row]:
    return [rule(title, width)]


def _named(name: str, value: str, ink: Role = "text") -> Row:
    return row((text_fit(f"   {name}", 15), "dim"), (value, ink))


def _head(detail: JobDetail, width: int) -> list[Row]:
    view = detail.view
    glyph, ink = STATE_INK.get(view.state, ("·", "text"))
    tokens = f"{view.tokens:,} of at most {view.max_tokens:,} tokens after {view.prompt_tokens:,} of prompt"
    speed = f"{rate(view.tokens_per_s_milli)} tok/s, first token {brief(view.first_token_ms)}"
    rows = [
        _named("Job", f"{view.job}  attempt {view.attempt}  fence {detail.fence}", "strong"),
        row((text_fit("   State", 15), "dim"), (f"{glyph} {view.state}", ink)),
        *(row(" " * 15 + line) for line in wrap(view.sentence, width - 16, 3) if line),
        _named("Work", tokens),
        _named("Speed", speed),
        _named("Group", detail.group or "—"),
        _named("Profile", detail.profile or "—"),
        _named("Commitment", detail.commitment or "none yet"),
    ]
    if view.fault:
        rows.append(_named("Fault", view.fault, "warn"))
    return rows


def _timeline(moments: tuple[Moment, ...], width: int, offset_s: int) -> list[Row]:
    if not moments:
        return [row(("   nothing journalled yet", "dim"))]
    start = moments[0].at_ms
    return [
        row(
            (f"   {clock_time(moment.at_ms, offset_s)} ", "dim"),
            (f"{_since(moment.at_ms - start):>9}  ", "dim"),
            (text_fit(moment.word, 13), "strong"),
            moment.sentence,
        )
        for moment in moments
    ]


def _since(ms: int) -> str:
    return "+0 ms" if ms <= 0 else f"+{brief(ms)}"


def _draw(proof: DrawProof | None, ok: bool | None, width: int) -> list[Row]:
    if proof is None:
        return [row(("   No proof is kept for this job.", "dim"))]
    ticket = proof.ticket
    glyph, ink = _CHECK[ok]
    word = {True: "recomputed here: right", False: "recomputed here: WRONG", None: "not recomputed here"}[ok]
    return [
        row((f"   {glyph} ", ink), (word, ink)),
        _named("Chance", f"1 of {ticket.roster_size:,}, drawn as number {proof.index + 1:,}", "strong"),
        _named("Ticket", f"epoch {ticket.epoch:,}  k {ticket.k:,}  attempt {ticket.attempt}"),
        _named("Roster root", ticket.roster_root),
        _named("Seed", proof.seed),
        _named("Nonce", proof.nonce),
        _named("Paths", f"seed {len(proof.seed_path)} steps, roster {len(proof.roster_path)} steps"),
    ]


def _verdict(verdict: Verdict | None, detail: JobDetail, width: int, offset_s: int) -> list[Row]:
    if verdict is None:
        return [row(("   Not judged yet.", "dim"))]
    good = verdict.outcome == "accepted"
    ink: Role = "good" if good else "bad"
    same = verdict.tokens_checked - verdict.mismatches
    how = _HOW.get(verdict.mode, f", {verdict.mode}")
    rows = [row((f"   {'✓' if good else '✗'} {verdict.outcome}", ink), (how, "strong"))]
    rows += [row(f"     {line}") for line in wrap(verdict.sentence, width - 8, 4) if line]
    if verdict.tokens_checked:
        rows.append(_named("Tokens", f"{same:,} of {verdict.tokens_checked:,} the same, none may differ"))
    if verdict.first_mismatch >= 0:
        rows.append(_named("Mismatch", f"token {verdict.first_mismatch}", "bad"))
    rows += [_named("Evidence", verdict.id), _named("Judged", clock_time(verdict.at_ms, offset_s))]
    return rows


def _receipt(receipt: Receipt | None, width: int) -> list[Row]:
    if receipt is None:
        return [row(("   No receipt yet.", "dim"))]
    rows = [
        _named("Earned", credits(receipt.reward, sign=True), "good" if receipt.reward else "text"),
        _named("Penalty", credits(-receipt.penalty), "bad" if receipt.penalty else "text"),
        _named("Transaction", receipt.transaction.id, "strong"),
    ]
    for posting in receipt.transaction.postings:
        amount = f"{exact_credits(posting.amount):>18}  "
        rows.append(row("     ", (amount, "good" if posting.amount > 0 else "text"), posting.account))
    total = sum(posting.amount for posting in receipt.transaction.postings)
    rows.append(row("     ", (f"{exact_credits(total):>18}  ", "strong"), ("sum", "dim")))
    return rows


def _checks(checks: tuple[Check, ...], width: int) -> list[Row]:
    if not checks:
        return [row(("   nothing could be checked yet", "dim"))]
    rows: list[Row] = []
    for check in checks:
        glyph, ink = _CHECK[check.ok]
        lines = wrap(check.sentence, max(10, width - 26), 3)
        rows.append(row((f"   {glyph} ", ink), (text_fit(check.name, 18) + " ", "strong"), lines[0]))
        rows += [row(" " * 24 + line) for line in lines[1:]]
    return rows
