"""Penalties, and jobs whose three columns differ: a line each, and the whole of one."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.earnings import Difference, EarningsView, PenaltyView
from console.ledger.figures import credits
from console.protocol.ids import short
from console.protocol.reasons import Reason
from console.tui.figures import duration
from console.tui.rows import Role, Row, Span, fit, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.calendar import moment
from console.tui.views.frame import Frame, framed

Finding = PenaltyView | Difference
RULES = {
    "structure": "The answer's commitment did not open as the rules demand.",
    "replay": "Sampling was recomputed from the commitment and the seed, and gave another token.",
    "recompute_exact": "A machine of the same numerics computed the answer again and got other tokens.",
}
"""What each rule looks at."""
PENALTY_TO_DO = (
    "Press Enter for the job's draw, verdict, receipt and entries. If you changed neither model nor engine "
    "and it happens again, run `quarterdeck doctor`."
)
DIFFERENCE_TO_DO = (
    "Press Enter for the job's evidence. If the difference stays for a day, show that evidence to whoever "
    "runs the network."
)


def findings(earnings: EarningsView) -> tuple[Finding, ...]:
    """Differences first, for they are open; then penalties, newest first. A rejected answer claims more than
    it earns and so differs too: it stands once, as a penalty."""
    penalties = {(one.job, one.attempt) for one in earnings.penalties}
    apart = (one for one in earnings.differences if (one.job, one.attempt) not in penalties)
    return (*apart, *earnings.penalties)


def behind(reason: Reason, earnings: EarningsView) -> PenaltyView | None:
    """The penalty that a reason rests on: the one it names; of a suspension that names none, the newest."""
    named = next(
        (one for one in earnings.penalties if reason.evidence and one.evidence == reason.evidence), None
    )
    newest = earnings.penalties[0] if earnings.penalties and reason.code == "suspended" else None
    return named or newest


def listing(listed: Sequence[Finding], view: View, frame: Frame, zone_s: int) -> list[Row]:
    """A window on them."""
    count = sum(isinstance(one, PenaltyView) for one in listed)
    title = f"Penalties {count} · Differences {len(listed) - count}"
    if not view.known:
        return framed("Penalties and differences", [], frame)
    if not listed:
        return framed(title, [row((" ✓ ", "good"), (_nothing(view.state.earnings), "dim"))], frame)
    last = min(len(listed), frame.top + frame.inner_height)
    content = [
        _line(listed[n], view, frame.inner_width, zone_s, chosen=n == frame.cursor)
        for n in range(frame.top, last)
    ]
    return framed(title, content, frame)


def _nothing(earnings: EarningsView) -> str:
    """What an empty list means: what waits for verdict or receipt does not agree yet, and is in order."""
    agree = all(day.claimed == day.passed == day.settled for day in earnings.days)
    return f"No penalty, and {'the three columns agree' if agree else 'no difference that is overdue'}."


def _line(found: Finding, view: View, width: int, zone_s: int, *, chosen: bool) -> Row:
    if isinstance(found, PenaltyView):
        at_ms, glyph, ink = found.at_ms, "✗", "bad"
        amount = credits(-found.amount) if found.amount or found.booked else "not booked"
        word, more = (
            found.rule or "no verdict",
            f"{_end(found, view, zone_s)}  {found.evidence[:12]}  {found.sentence}",
        )
    else:
        at_ms, glyph, ink = found.finished_ms, "!", "warn"
        amount = credits(max(abs(found.claimed - found.passed), abs(found.passed - found.settled)))
        word, more = "difference", found.sentence
    mark: Role = "bad" if ink == "bad" else "warn"
    spans = (
        Span("▸" if chosen else " ", "accent"),
        Span(f"{glyph} ", mark),
        *row((text_fit(moment(at_ms, view.now_ms, zone_s), 13), "dim"), (short(found.job) + "  ", "strong"),
             (text_fit(word, 16), "text"), (f"{amount:>12}  ", mark), (more, "dim")),
    )  # fmt: skip
    line = fit(spans, width)
    return tuple(Span(span.text, "cursor") for span in line) if chosen else line


def _end(penalty: PenaltyView, view: View, zone_s: int) -> str:
    if penalty.until_ms <= view.now_ms:
        return "no longer counts" if view.state.network.policy is not None else "end unknown"
    end = moment(penalty.until_ms, view.now_ms, zone_s)
    return f"counts until {end[:5] if end[2] == ':' else end}"


def whole(found: Finding, view: View, width: int, zone_s: int) -> list[Row]:
    """All that is known of one, and where its evidence is."""
    if isinstance(found, PenaltyView):
        return _whole_penalty(found, view, width, zone_s)
    return _whole_difference(found, view, width, zone_s)


def _whole_penalty(found: PenaltyView, view: View, width: int, zone_s: int) -> list[Row]:
    rows = [row(), row((" ✗ Rejected: ", "bad"), (found.sentence, "strong")), row()]
    rows += _lines(
        "Rule", f"{found.rule}. {RULES.get(found.rule, '')}" if found.rule else "not told yet", width
    )
    taken = f"{credits(-found.amount)} from bond and pending" if found.amount else "no receipt has come yet"
    if found.booked and not found.amount:
        taken = "0 cr, says its receipt"
    rows += _lines("Taken", taken, width)
    rows += _lines("When", moment(found.at_ms, view.now_ms, zone_s), width)
    rows += _lines("Evidence", found.evidence or "the network has not named it", width)
    rows += _lines("Counts", _counts(found, view, zone_s), width)
    rows.append(row())
    return rows + _lines("To do", PENALTY_TO_DO, width)


def _counts(found: PenaltyView, view: View, zone_s: int) -> str:
    if view.state.network.policy is None and not found.until_ms:
        return "For how long it counts is not known until the network tells its rules."
    if found.until_ms <= view.now_ms:
        return "It no longer counts towards a suspension; what was taken stays taken."
    left, end = duration(found.until_ms - view.now_ms), moment(found.until_ms, view.now_ms, zone_s)
    return f"It counts towards a suspension until {end}, for {left} more."


def _whole_difference(found: Difference, view: View, width: int, zone_s: int) -> list[Row]:
    rows = [row(), row((" ! The three columns differ: ", "warn"), (found.sentence, "strong")), row()]
    rows += _lines("Claimed", f"{credits(found.claimed)} by this node's journal", width)
    rows += _lines("Accepted", f"{credits(found.passed)} by the network's verdict", width)
    rows += _lines("Settled", f"{credits(found.settled)} by the network's receipt", width)
    rows += _lines("Finished", moment(found.finished_ms, view.now_ms, zone_s), width)
    rows.append(row())
    return rows + _lines("To do", DIFFERENCE_TO_DO, width)


def _lines(name: str, text: str, width: int) -> list[Row]:
    lines = wrap(text, max(10, width - 16), 4)
    return [
        row((text_fit(f" {name}" if n == 0 else "", 13), "dim"), (line, "text"))
        for n, line in enumerate(lines)
    ]
