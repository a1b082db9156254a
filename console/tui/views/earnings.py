"""The Earnings screen's figures: the sums of a range of days, and the accounts."""

from __future__ import annotations

from typing import NamedTuple

from console.control.earnings import DayView
from console.ledger.figures import credits
from console.tui import reckoning
from console.tui.charts import gauge
from console.tui.figures import duration, percent
from console.tui.rows import Role, Row, fit, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.days import RANGE_WORDS, days_in
from console.tui.views.frame import Frame, framed
from console.tui.views.money import bond_text
from console.tui.views.rates import named_lines, rate_rows

ONE_COLUMN = 72
"""Narrower than this, everything stands in one column."""


def _named(name: str, value: str, ink: Role = "text", width: int = 11) -> Row:
    return row((text_fit(f" {name}", width), "dim"), (value, ink))


def _title(count: int) -> str:
    return f"Earnings of {RANGE_WORDS[count]}"


def summary(view: View, frame: Frame, zone_s: int, count: int) -> list[Row]:
    """All figures of a small screen."""
    return framed(_title(count), summary_rows(view, frame.inner_width, zone_s, count), frame)


def summary_rows(view: View, width: int, zone_s: int, count: int) -> list[Row]:
    """The same without a frame."""
    if not view.known:
        return []
    day = reckoning.total(days_in(view, zone_s, count))
    each = 25 if width < 96 else 34
    room = width - 11 - (2 * each if width >= ONE_COLUMN else 0)
    money, books = _money(day), _columns(view, day, zone_s, count, amounts=False)
    accounts = _accounts(view, room)
    rates = rate_rows(view, day, zone_s, width)
    needs = named_lines("Bond needs", bond_needs(view, zone_s), width, 13)
    gaps = gap_rows(view, day, zone_s, count, width)
    if width < ONE_COLUMN:
        pairs = [(*fit(a, 29), *b) for a, b in zip(money, books, strict=True)]
        return [*pairs, (*fit(accounts[0], 29), *accounts[1]), accounts[2], *needs, *rates, *gaps]
    rows = [
        (*fit(a, each), *fit(b, each), *c) for a, b, c in zip(money, books, accounts, strict=True)
    ]  # fmt: skip
    return [*rows, *gaps, *needs, *rates]


def earned(view: View, frame: Frame, zone_s: int, count: int) -> list[Row]:
    """What the range brought, and the three columns side by side."""
    if not view.known:
        return framed(_title(count), [], frame)
    day = reckoning.total(days_in(view, zone_s, count))
    half = max(26, min(48, frame.inner_width - 36))
    pairs = zip(_money(day), _columns(view, day, zone_s, count, amounts=True), strict=True)
    content: list[Row] = [(*fit(a, half), *b) for a, b in pairs]
    gaps = gap_rows(view, day, zone_s, count, frame.inner_width)
    agree = row((" ✓ ", "good"), ("Claimed, accepted and settled agree.", "dim"))
    return framed(_title(count), [*content, row(), *(gaps or ([agree] if day.claimed else []))], frame)


def _money(day: DayView) -> list[Row]:
    net = reckoning.net_of(day)
    return [
        _named("Earned", credits(day.earned, sign=True), "good" if day.earned else "text"),
        _named("Penalties", _minus(day.penalised), "bad" if day.penalised else "text"),
        _named("Net", credits(net, sign=True), "bad" if net < 0 else "strong"),
    ]


def _minus(nano: int) -> str:
    return f"✗ {credits(-nano)}" if nano else credits(0)


def _columns(view: View, day: DayView, zone_s: int, count: int, *, amounts: bool) -> list[Row]:
    accepted, settled = _unaccepted(view, day), _unsettled(view, day, zone_s, count)
    return [
        _named("Claimed", credits(day.claimed)),
        (*_named("Accepted", credits(day.passed)), *_gap(accepted, amounts)),
        (*_named("Settled", credits(day.settled)), *_gap(settled, amounts)),
    ]


class Gap(NamedTuple):
    """What one column lacks of the one before it, in nano-credits, and why."""

    nano: int
    why: str = ""
    waiting: bool = False
    """Whether nothing is wrong: what lacks is still to come."""

    @property
    def mark(self) -> tuple[str, Role]:
        """Glyph and ink."""
        return ("◌", "accent") if self.waiting else ("!", "warn")


def _gap(gap: Gap, amounts: bool) -> Row:
    if gap.nano == 0:
        return ()
    glyph, ink = gap.mark
    return row((f" {glyph} {credits(-gap.nano, sign=True)}" if amounts else f" {glyph}", ink))


def gap_rows(view: View, day: DayView, zone_s: int, count: int, width: int) -> list[Row]:
    """Why the three columns differ, in words; nothing where they agree."""
    rows = []
    for gap in (_unaccepted(view, day), _unsettled(view, day, zone_s, count)):
        glyph, ink = gap.mark
        for index, line in enumerate(wrap(gap.why, width - 4, 2) if gap.nano else ()):
            rows.append(row((f" {glyph} " if index == 0 else "   ", ink), (line, "text")))
    return rows


def _unaccepted(view: View, day: DayView) -> Gap:
    nano, undecided = day.claimed - day.passed, view.state.earnings.undecided
    if nano <= 0:
        return Gap(nano, f"{credits(-nano)} more accepted than claimed: the journal lacks these answers.")
    parts = [f"{day.rejected:,} rejected"] if day.rejected else []
    if undecided:
        parts.append(f"{undecided:,} not judged yet")
    waiting = sum(job.state == "result" for job in view.state.jobs)
    if waiting:
        parts.append(f"{waiting:,} not delivered yet")
    why = ", ".join(parts) or "no verdict explains it; see the jobs of these days"
    return Gap(
        nano,
        f"{credits(nano)} claimed and not accepted: {why}.",
        bool(undecided or waiting) and not day.rejected,
    )


def _unsettled(view: View, day: DayView, zone_s: int, count: int) -> Gap:
    nano = day.passed - day.settled
    if nano <= 0:
        return Gap(nano, f"{credits(-nano)} more settled than accepted: the verdicts for it are missing.")
    first = reckoning.day_of(view.now_ms, zone_s).toordinal() - count + 1
    late = sum(
        one.passed != one.settled and reckoning.day_of(one.finished_ms, zone_s).toordinal() >= first
        for one in view.state.earnings.differences
    )
    jobs = f"{late} job{'s' if late != 1 else ''}, listed below" if late else "still being booked"
    return Gap(nano, f"{credits(nano)} accepted and not settled: {jobs}.", late == 0)


def _accounts(view: View, room: int) -> list[Row]:
    """Three rows; an amount has `room` cells."""
    balances = view.state.money.balances
    return [
        _named("Pending", credits(balances.pending)),
        _named("Available", credits(balances.available), "strong"),
        _named("Bond", bond_text(view, room)),
    ]


def accounts(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """Pending, available, and the bond with what it still needs."""
    if not view.known:
        return framed("Accounts", [], frame)
    money = view.state.money
    content = _accounts(view, frame.inner_width - 11)
    if money.bond_target > 0:
        full, rest = gauge(money.balances.bond, money.bond_target, max(4, min(60, frame.inner_width - 21)))
        share = percent(money.balances.bond, money.bond_target)
        content.append(row((" " * 11, "dim"), (full, "bar"), (rest, "track"), (f" {share}", "dim")))
    content += named_lines("Needs", bond_needs(view, zone_s), frame.inner_width, 11)
    content.append(_named("All time", credits(money.total_earned - money.total_penalised)))
    return framed("Accounts", content, frame)


def bond_needs(view: View, zone_s: int) -> str:
    """What the bond still needs, and how long that takes at the pace of the last 7 days."""
    money, policy = view.state.money, view.state.network.policy
    if money.bond_target <= 0:
        return "the network has not named a target"
    lacking = money.bond_target - money.balances.bond
    if lacking <= 0:
        return "nothing: the target stands, rewards flow in full"
    week = reckoning.total(days_in(view, zone_s, 7))
    held = policy.holdback_percent if policy is not None else 0
    left = reckoning.until_bond_ms(lacking, week.earned, week.online_ms, held)
    pace = (
        f"about {duration(left)} online at this week's pace"
        if left is not None
        else "how long: not enough data"
    )
    return f"{credits(lacking)}, {pace}"
