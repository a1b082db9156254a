"""How this node's answers were judged: acceptance, how often it is looked at, and each verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from console.control.state import NodeState, VerdictView
from console.protocol.ids import short
from console.tui.figures import ago, coarse, percent
from console.tui.rows import Role, Row, Span, fit, row, text_fit, width_of
from console.tui.store import View
from console.tui.views import limits
from console.tui.views.frame import Frame, framed
from console.tui.views.margins import DIFFER_LIMIT, audited
from console.tui.views.statistics import in_windows, looked_at, worst_percent
from console.tui.views.words import MODE_WORDS

Only = Literal["all", "rejected", "audited"]
ONLY: tuple[Only, ...] = ("all", "rejected", "audited")
"""What the list may be confined to, in the order of its key."""
_EMPTY: dict[Only, str] = {
    "all": "No answer has been judged yet. Verdicts appear here as they come.",
    "rejected": "None of them was rejected.",
    "audited": "None of them was audited.",
}


class Column(NamedTuple):
    """One column: its head, cells, and the table's width from which on it is shown."""

    head: str
    width: int
    from_width: int = 0


COLUMNS = (
    Column("JOB", 7),
    Column("VERDICT", 11),
    Column("MODE", 12),
    Column("CHECKED", 8, 46),
    Column("DIFFER", 9, 56),
    Column("LIMIT", 6, 64),
    Column("AGE", 9, 38),
)
FINDING_FROM = 84
"""From this width on the finding stands beside."""


def confined(verdicts: Sequence[VerdictView], only: Only) -> Sequence[VerdictView]:
    """The verdicts that the list shows."""
    if only == "rejected":
        return [verdict for verdict in verdicts if verdict.outcome == "rejected"]
    return audited(verdicts) if only == "audited" else verdicts


def acceptance(view: View, frame: Frame) -> list[Row]:
    """Accepted of judged, today and ever; audited of the last ones, and the rate in force."""
    if not view.known:
        return framed("Acceptance", [], frame)
    money, verdicts = view.state.money, view.state.verdicts
    looked = len(audited(verdicts))
    rows = [
        _share("Today", money.today_accepted, money.today_accepted + money.today_rejected, "judged"),
        _share("Ever", money.total_accepted, money.total_accepted + money.total_rejected, "judged"),
        _share("Audited", looked, len(verdicts), "of the last"),
        *_rate(view.state, frame.inner_width),
    ]
    if money.last_accepted_ms:
        rows.append(named("Accepted", ago(view.now_ms, money.last_accepted_ms), " is the last one"))
    return framed("Acceptance", rows, frame)


def named(name: str, value: str, more: str = "") -> Row:
    return row((text_fit(f" {name}", 11), "dim"), (f"{value:<8}", "strong"), more)


def _share(name: str, part: int, whole: int, of: str) -> Row:
    if whole <= 0:
        return row((text_fit(f" {name}", 11), "dim"), ("none judged yet", "dim"))
    words = f" {part:,} of {whole:,} {of}" if of == "judged" else f" {part:,} {of} {whole:,}"
    return named(name, percent(part, whole), words)


def _rate(state: NodeState, width: int) -> list[Row]:
    """The network's audit rate for this node, and the policy's if that is another."""
    network, policy = state.network, state.network.policy
    usual = None if policy is None else policy.audit_ppm
    if network.audit_ppm is None:
        words = f"the network does not say; usual {_ppm(usual)}" if usual is not None else "not known yet"
        return [row((text_fit(" Rate now", 11), "dim"), (words, "dim"))]
    left, more = network.probation_left, " of its answers"
    if left:
        then = f", then {_ppm(usual) if usual is not None else 'less'}"
        more = f" {left:,} to go"
        # A share that is cut would be another share.
        more += then if width_of(named("Rate now", _ppm(network.audit_ppm), more + then)) <= width else ""
    elif usual is not None and usual != network.audit_ppm:
        more = f" where {_ppm(usual)} is usual"
    return [fit(named("Rate now", _ppm(network.audit_ppm), more), width)]


def _ppm(ppm: int) -> str:
    return f"{ppm / 10_000:.3g} %"


def summary(view: View, frame: Frame) -> list[Row]:
    """Four rows for a small screen, without frames."""
    if not view.known:
        return []
    money, verdicts = view.state.money, view.state.verdicts
    looked = audited(verdicts)
    differ, tokens = sum(v.mismatches for v in looked), sum(looked_at(v) for v in looked)
    rows = [
        _share("Today", money.today_accepted, money.today_accepted + money.today_rejected, "judged"),
        _share("Audited", len(looked), len(verdicts), "of the last"),
        row((text_fit(" Checked", 11), "dim"), (f"{tokens:,} tokens, {differ:,} differ", "strong"),
            (", limit 0", "dim")),
        limits.brief(view.state),
    ]  # fmt: skip
    return rows[: frame.height]


def head_row(width: int) -> Row:
    """The heads over the columns."""
    heads = row((" ", "dim"), *((f"{column.head:<{column.width}}", "dim") for column in _columns(width)))
    return (*heads, Span("FINDING", "dim")) if width >= FINDING_FROM else heads


def verdict_line(verdict: VerdictView, now_ms: int, width: int, chosen: bool) -> Row:
    """One verdict; what was found stands behind it where there is room."""
    spans = [Span("▸" if chosen else " ", "accent")]
    for column in _columns(width):
        text, ink = _cell(column.head, verdict, now_ms)
        spans.append(Span(text_fit(text, column.width - 1) + " ", ink))
    if width >= FINDING_FROM:
        spans += row((verdict.sentence, "text" if verdict.outcome == "rejected" else "dim"))
    line = fit(tuple(spans), width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def _columns(width: int) -> list[Column]:
    return [column for column in COLUMNS if width >= column.from_width]


def _cell(head: str, verdict: VerdictView, now_ms: int) -> tuple[str, Role]:
    good, looked = verdict.outcome == "accepted", verdict.mode != "not_audited"
    quiet: Role = "text" if looked else "dim"
    match head:
        case "JOB":
            return short(verdict.job), "text"
        case "VERDICT":
            return (f"✓ {verdict.outcome}", "good") if good else (f"✗ {verdict.outcome}", "bad")
        case "MODE":
            return MODE_WORDS.get(verdict.mode, verdict.mode), quiet if good else "bad"
        case "CHECKED":
            return (_checked(verdict) if looked else "—"), quiet
        case "DIFFER":
            return differing(verdict), "bad" if verdict.mismatches else quiet
        case "LIMIT":
            return _limit(verdict), "dim"
    return coarse(now_ms - verdict.at_ms), "dim"


def differing(verdict: VerdictView) -> str:
    """How many tokens differ, and the first; of a tolerant recompute, how much of its limit it took."""
    if verdict.mode in ("not_audited", "abstained") and not verdict.mismatches:
        return "—"
    if (share := worst_percent(verdict.statistics)) is not None:
        return f"{share} %"
    if verdict.first_mismatch >= 0:
        return f"{verdict.mismatches:,} @{verdict.first_mismatch}"
    return f"{verdict.mismatches:,}"


def _checked(verdict: VerdictView) -> str:
    """Positions that were recomputed, of how many where it was windows."""
    if in_windows(verdict):
        return f"{verdict.positions}/{verdict.tokens_checked}"
    return f"{verdict.tokens_checked:,}"


def _limit(verdict: VerdictView) -> str:
    if verdict.mode in DIFFER_LIMIT:
        return f"{DIFFER_LIMIT[verdict.mode]}"
    return "100 %" if verdict.statistics else "—"


def verdicts(listed: Sequence[VerdictView], view: View, frame: Frame, only: Only) -> list[Row]:
    """The newest verdicts under their heads."""
    wide, total = frame.inner_width, len(view.state.verdicts)
    counted = f"Verdicts {total:,}" if view.known else "Verdicts"
    title = counted if only == "all" else f"Verdicts, {only} only: {len(listed):,} of {total:,}"
    content = [head_row(wide)]
    room = max(0, frame.inner_height - 1)
    for index in range(frame.top, min(len(listed), frame.top + room)):
        content.append(verdict_line(listed[index], view.now_ms, wide, index == frame.cursor))
    if not listed:
        words = _EMPTY["all" if not total else only] if view.known else ""
        content = [row(), row((f" {words}", "dim"))]
    return framed(title, content, frame)
