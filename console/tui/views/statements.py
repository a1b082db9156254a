"""The epochs' statements, checked by this node: a line each, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.control.statements import StatementsView, StatementView
from console.ledger.figures import credits
from console.ledger.findings import Finding
from console.tui.rows import Role, Row, Span, clean, fit, row, wrap
from console.tui.store import View
from console.tui.views.calendar import moment
from console.tui.views.frame import Frame, framed

Item = StatementView | Finding
WORDS_FROM = 96
"""From this width on a difference is told in a sentence."""
AMOUNT_FROM = 66
"""And from this one on with its amount, which else the columns show."""


class Column(NamedTuple):
    """One column, and the list's width from which on it is shown."""

    head: str
    width: int
    from_width: int = 0


COLUMNS = (
    Column("EPOCH", 6),
    Column("NAME", 7, 66),
    Column("CLAIMED", 11),
    Column("ACCEPTED", 11),
    Column("SETTLED", 11),
    Column("RECEIPTS", 7, 74),
    Column("CLOSED", 14, WORDS_FROM),
)
_WIDER = {"EPOCH": 1, "CLAIMED": 2, "ACCEPTED": 2, "SETTLED": 2, "RECEIPTS": 3}
_AMOUNTS = frozenset(("CLAIMED", "ACCEPTED", "SETTLED"))


def items(told: StatementsView) -> tuple[Item, ...]:
    """What is wrong first, then the statements, newest first."""
    return (*told.findings, *told.statements)


def key_of(item: Item) -> object:
    """What a line is known by."""
    if isinstance(item, Finding):
        return item
    return item.epoch, item.digest


def listing(listed: Sequence[Item], view: View, frame: Frame, zone_s: int) -> list[Row]:
    """A window on them."""
    if not view.known:
        return framed("Statements", [], frame)
    told, wide = view.state.earnings.statements, frame.inner_width
    title = _title(told, [] if frame.roomy or not listed else _columns(wide))
    if not listed:
        return framed(title, _none(told, wide), frame)
    heads = [_heads(wide)] if frame.roomy else []
    last = min(len(listed), frame.top + frame.inner_height - len(heads))
    lines = [
        _line(listed[n], view.now_ms, wide, zone_s, chosen=n == frame.cursor) for n in range(frame.top, last)
    ]
    return framed(title, [*heads, *lines], frame)


def _title(told: StatementsView, columns: Sequence[Column]) -> str:
    """With the names of the columns where no row of heads does that."""
    title = "Statements"
    if told.findings:
        title += f" · ✗ {_counted(len(told.findings), 'finding')}"
    elif told.statements and not columns:
        title += f" · ✓ checked up to epoch {told.statements[0].epoch:,}"
    title += ": " + ", ".join(column.head.lower() for column in columns) if columns else ""
    waiting = told.waiting if told.statements else 0
    if waiting and columns:
        return f"{title} · {waiting:,} to come"
    return f"{title} · {_counted(waiting, 'receipt')} to come" if waiting else title


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _none(told: StatementsView, width: int) -> list[Row]:
    words = "No epoch has been stated yet since this node signed in."
    if told.waiting:
        waits = "receipt waits" if told.waiting == 1 else "receipts wait"
        words += f" {told.waiting:,} {waits} for the statement of the epoch."
    return [row((f" {line}", "dim")) for line in wrap(words, width - 2, 2)]


def _columns(width: int) -> list[Column]:
    return [column for column in COLUMNS if width >= column.from_width]


def _heads(width: int) -> Row:
    heads = "".join(_placed(column.head, column, width) for column in _columns(width))
    return row((f"   {heads}", "dim"))


def _placed(text: str, column: Column, width: int) -> str:
    """Amounts at the right, so that they compare; a cell wider where there is room."""
    more = _WIDER.get(column.head, 0) if width >= WORDS_FROM else 0
    if column.head in _AMOUNTS or column.head == "RECEIPTS":
        return f"{text:>{column.width + more}}"
    if column.head == "EPOCH":
        return f"{text:<{column.width + more}}"
    return f"  {text:<{column.width - 2}}" if column.head == "CLOSED" else f"{text:<{column.width}}"


def _line(item: Item, now_ms: int, width: int, zone_s: int, *, chosen: bool) -> Row:
    spans = _finding(item) if isinstance(item, Finding) else _statement(item, now_ms, width, zone_s)
    line = fit((Span("▸" if chosen else " ", "accent"), *spans), width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def _finding(found: Finding) -> Row:
    where = f"epoch {found.epoch:,} " if found.epoch else ""
    return row(("✗ ", "bad"), (where, "strong"), (f"{found.name}: ", "bad"), (found.sentence, "text"))


def _statement(one: StatementView, now_ms: int, width: int, zone_s: int) -> Row:
    glyph, ink = mark_of(one)
    spans = [Span(f"{glyph} ", ink)]
    for column in _columns(width):
        text, role = _cell(column.head, one, now_ms, zone_s)
        spans.append(Span(_placed(clean(text), column, width), role))
    words, role = remark(one, width)
    return (*spans, Span(f"  {words}", role))


def mark_of(one: StatementView) -> tuple[str, Role]:
    """A tick means that every check that could be made holds."""
    if one.findings:
        return "✗", "bad"
    return ("✓", "good") if one.proved else ("·", "dim")


def _cell(head: str, one: StatementView, now_ms: int, zone_s: int) -> tuple[str, Role]:
    cells: dict[str, tuple[str, Role]] = {
        "EPOCH": (f"{one.epoch:,}", "strong"),
        "NAME": (one.digest[:6], "dim"),
        "CLAIMED": (credits(one.claimed), "text"),
        "ACCEPTED": (credits(one.accepted), "text"),
        "SETTLED": (credits(one.settled) if one.proved else "—", "strong"),
        "RECEIPTS": (f"{one.receipts:,}", "dim"),
        "CLOSED": (moment(one.closed_ms, now_ms, zone_s), "dim"),
    }
    return cells[head]


def remark(one: StatementView, width: int) -> tuple[str, Role]:
    """How the three columns stand to each other; a difference has its name, and its amount where it fits."""
    whole = width >= WORDS_FROM
    apart = [words for words in (_lost(one, width), _unsettled(one, width)) if words]
    if one.findings:
        return " · ".join((*apart, _counted(one.findings, "finding"))), "bad"
    if not one.proved:
        return ("not proved: the network keeps no old proofs" if whole else "not proved"), "dim"
    if apart:
        return " · ".join(apart), "warn"
    if not one.receipts:
        return "no answer of this node in it" if whole else "none", "dim"
    return "all three agree" if whole else "agree", "good"


def _lost(one: StatementView, width: int) -> str:
    lost = one.claimed - one.accepted
    return _named(-lost, "not accepted: rejected", "rejected", width) if lost > 0 else ""


def _unsettled(one: StatementView, width: int) -> str:
    """Nothing where the settled amount is not proved: then it is not known."""
    nano = one.settled - one.accepted
    if not nano or not one.proved:
        return ""
    whole, short = ("settled and not accepted", "over") if nano > 0 else ("not settled", "short")
    return _named(nano, whole, short, width)


def _named(nano: int, whole: str, short: str, width: int) -> str:
    if width < AMOUNT_FROM:
        return short
    return f"{credits(nano, sign=True)} {whole if width >= WORDS_FROM else short}"
