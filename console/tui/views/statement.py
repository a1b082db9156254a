"""One epoch's statement: its three columns, this node's accounts in it, and every check made of it."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.statement_detail import StatedReceipt, StatementDetail
from console.ledger.figures import credits, exact_credits
from console.protocol.ids import short
from console.protocol.statements import AccountLine
from console.tui.figures import duration
from console.tui.rows import Role, Row, Span, fit, row, rule, text_fit, wrap
from console.tui.store import View
from console.tui.views.calendar import moment
from console.tui.views.chain import check_rows
from console.tui.views.frame import Frame, framed

NAME_WIDTH = 14
EXACT_FROM = 100
"""From this width on accounts are told to the last digit."""


def statement_rows(detail: StatementDetail, view: View, width: int, zone_s: int) -> list[Row]:
    """The whole page."""
    rows = [
        *_outcome(detail, width),
        (),
        *_columns(detail, width),
        (),
        rule("Checks made on this machine", width),
        *check_rows(detail.checks, width),
        *_findings(detail, width),
        (),
        rule("This node's accounts in it", width),
        *_accounts(detail.lines, width),
        (),
        rule("The statement", width),
        *_statement(detail, view, width, zone_s),
    ]
    return [fit(line, width) for line in rows]


def _named(name: str, value: str, ink: Role = "text", more: str = "") -> Row:
    return row((text_fit(f"   {name}", NAME_WIDTH), "dim"), (value, ink), (more, "dim"))


def _outcome(detail: StatementDetail, width: int) -> list[Row]:
    wrong, of = len(detail.findings), len(detail.checks)
    made = sum(check.ok is not None for check in detail.checks)
    mark: tuple[str, Role] = (" ✗ ", "bad") if wrong else (" ✓ ", "good")
    if wrong:
        words = "1 thing is wrong with it." if wrong == 1 else f"{wrong:,} things are wrong with it."
    elif made == of:
        words = f"{made} checks made on this machine, and all of them hold."
    else:
        words = f"{made} of {of} checks could be made on this machine, and all of them hold."
    lines = wrap(words, width - 5, 2)
    return [row(mark if n == 0 else "   ", (line, "strong")) for n, line in enumerate(lines)]


def _columns(detail: StatementDetail, width: int) -> list[Row]:
    one = detail.view
    rows = [
        _amount("Claimed", one.claimed, "by this node's journal"),
        (*_amount("Accepted", one.accepted, "by verdicts"), *_apart(one.claimed - one.accepted, "rejected")),
    ]
    if one.proved:
        settled = _amount("Settled", one.settled, "by the statement")
        rows.append((*settled, *_apart(one.accepted - one.settled, "not settled")))
    else:
        rows.append(_named("Settled", "not proved: the network keeps no proofs of so old an epoch", "dim"))
    if one.penalised:
        rows.append(_amount("Penalties", -one.penalised, "taken for rejected answers", "bad"))
    if one.deposited:
        rows.append(_amount("Deposited", one.deposited, "came in from elsewhere"))
    return [fit(line, width) for line in rows]


def _amount(name: str, nano: int, more: str, ink: Role = "strong") -> Row:
    return _named(name, f"{credits(nano):<13}", ink, f"{more:<24}")


def _apart(nano: int, name: str) -> Row:
    """What lacks of the column before, by its name."""
    if nano == 0:
        return row(("✓ agrees", "good"))
    return row((f"! {credits(-nano, sign=True)} {name if nano > 0 else 'more than before'}", "warn"))


def _findings(detail: StatementDetail, width: int) -> list[Row]:
    """Every one by its name and what it is about; the checks above tell only the first of each kind."""
    rows: list[Row] = []
    for found in detail.findings:
        about = f" ({short(found.subject)})" if found.subject and ":" not in found.subject else ""
        lines = wrap(f"{found.name}{about}: {found.sentence}", max(10, width - 6), 4)
        rows += [row((" ✗ " if n == 0 else "   ", "bad"), (line, "text")) for n, line in enumerate(lines)]
    return [(), rule("Findings", width), *rows] if rows else []


def _accounts(lines: Sequence[AccountLine], width: int) -> list[Row]:
    if not lines:
        return [row(("   None of them held or moved anything in this epoch.", "dim"))]
    exact = width >= EXACT_FROM
    size = 22 if exact else 14
    heads = "".join(f"{head:>{size}}" for head in ("opening", "credits", "debits", "closing"))
    rows = [row((" " * NAME_WIDTH + heads, "dim"))]
    for line in sorted(lines, key=lambda one: _ORDER.get(_last(one.account), 9)):
        sums = line.sums
        told = [sums.opening, sums.credits, -sums.debits, sums.closing]
        cells = [exact_credits(nano).strip() if exact else credits(nano) for nano in told]
        figures = "".join(f"{cell:>{size}}" for cell in cells[:3])
        rows.append(_named(_last(line.account), figures, "text"))
        rows[-1] = (*rows[-1], Span(f"{cells[3]:>{size}}", "strong"))
    return rows


_ORDER = {"pending": 0, "available": 1, "bond": 2}


def _last(account: str) -> str:
    return account.rpartition(":")[2]


def _statement(detail: StatementDetail, view: View, width: int, zone_s: int) -> list[Row]:
    one = detail.statement
    open_ms = one.closed_ms - one.opened_ms
    closed = moment(one.closed_ms, view.now_ms, zone_s)
    return [
        _named("Closed", closed, "text", f"  after {duration(open_ms)}"),
        _named("Name", detail.view.digest),
        _named("Before it", one.last or "none: it is the network's first"),
        _named("Accounts", f"{one.accounts:,}, with {credits(one.sums.closing)} in all as it closed"),
        _named("  root", one.accounts_root or "none"),
        _named("Receipts", f"{one.receipts:,}"),
        _named("  root", one.receipts_root or "none"),
    ]


def counted(listed: Sequence[StatedReceipt], detail: StatementDetail | None, frame: Frame) -> list[Row]:
    """This node's receipts in it: jobs with what each brought."""
    if detail is None:
        return framed("Receipts of this node", [], frame)
    total = detail.view.receipts
    title = f"Receipts of this node {total:,}"
    if len(listed) < total:
        title += f", {len(listed):,} told"
    if not listed:
        words = "It counts none." if not total else "None of them has come here."
        return framed(title, [row((f" {words}", "dim"))], frame)
    last = min(len(listed), frame.top + frame.inner_height)
    lines = [_receipt(listed[n], frame.inner_width, chosen=n == frame.cursor) for n in range(frame.top, last)]
    return framed(title, lines, frame)


def _receipt(one: StatedReceipt, width: int, *, chosen: bool) -> Row:
    bad = one.penalty > 0
    amount = credits(-one.penalty) if bad else credits(one.reward, sign=True)
    ink: Role = "bad" if bad else "good"
    spans = (
        Span("▸" if chosen else " ", "accent"),
        Span("✗ " if bad else "✓ ", ink),
        *row((f"{short(one.job)}  ", "strong"), (f"{amount:>12}", ink),
             ("  penalty" if bad else "  reward", "dim"),
             (f"  attempt {one.attempt}" if one.attempt > 1 else "", "dim")),
    )  # fmt: skip
    line = fit(spans, width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line
