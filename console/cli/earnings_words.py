"""Earnings as lines for people, at most 80 columns wide. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

import msgspec

from console.control.earnings import DayView, EarningRow, EarningsView
from console.control.export import decimal_credits
from console.control.state import NodeState
from console.ledger.figures import exact_credits
from console.models.errors import plain
from console.protocol.ids import short

WIDTH = 79
SHOWN = 10
"""At most so many differences; --json has them all."""


class Period(msgspec.Struct, frozen=True):
    """From one local midnight to another."""

    since_ms: int
    until_ms: int

    @property
    def first_day(self) -> str:
        """The first calendar day."""
        return f"{datetime.fromtimestamp(self.since_ms / 1000):%Y-%m-%d}"

    @property
    def last_day(self) -> str:
        """The last one."""
        return f"{datetime.fromtimestamp((self.until_ms - 1) / 1000):%Y-%m-%d}"


def words(state: NodeState, period: Period, days: Sequence[DayView]) -> list[str]:
    """The table with its sums, and below it what deserves a look."""
    lines = [f"{period.first_day} to {period.last_day}, in credits"]
    if not days:
        return [*lines, "Nothing yet in these days. `quarterdeck status` says why."]
    lines += [
        "",
        f"{'Day':10}  {'Jobs':>5} {'✓':>5} {'✗':>3}  {'Claimed':>12} {'Accepted':>12} {'Settled':>12}",
    ]
    lines += [_row(day.day, [day]) for day in days]
    lines += [_row("Sum", days), "", _booked(days), _hours(days), *_power(state.earnings, days)]
    return [*lines, *_open(state.earnings)]


def days_of(rows: Sequence[EarningRow]) -> tuple[DayView, ...]:
    """Days out of rows, newest first, for times of which the agent tells no days any more."""
    days: dict[str, DayView] = {}
    for row in rows:
        old = days.get(row.day, DayView(row.day))
        days[row.day] = msgspec.structs.replace(
            old,
            jobs=old.jobs + 1,
            accepted=old.accepted + (row.outcome == "accepted"),
            rejected=old.rejected + (row.outcome == "rejected"),
            claimed=old.claimed + row.claimed,
            passed=old.passed + (row.claimed if row.outcome == "accepted" else 0),
            settled=old.settled + row.reward,
            earned=old.earned + row.reward,
            penalised=old.penalised + row.penalty,
        )
    return tuple(days[day] for day in sorted(days, reverse=True))


def _row(name: str, days: Sequence[DayView]) -> str:
    jobs, good, bad = (_sum(days, column) for column in ("jobs", "accepted", "rejected"))
    amounts = (decimal_credits(_sum(days, column)) for column in ("claimed", "passed", "settled"))
    return f"{name:10}  {jobs:>5} {good:>5} {bad:>3}  " + " ".join(f"{amount:>12}" for amount in amounts)


def _booked(days: Sequence[DayView]) -> str:
    earned, penalised = _sum(days, "earned"), _sum(days, "penalised")
    together, lost = exact_credits(earned - penalised), exact_credits(-penalised)
    less = f"\n  {exact_credits(earned).strip()} earned, {lost.strip()} in penalties" if penalised else ""
    return f"Booked in these days: {together.strip()}{less}"


def _hours(days: Sequence[DayView]) -> str:
    worked, online = _sum(days, "worked_ms") / 3_600_000, _sum(days, "online_ms") / 3_600_000
    if not worked and not online:
        return "Hours worked and online are not known for these days."
    return f"Worked {worked:.1f} h, online {online:.1f} h."


def _power(earnings: EarningsView, days: Sequence[DayView]) -> list[str]:
    power, mwh = earnings.power, _sum(days, "energy_mwh")
    if not mwh:
        return ["Electricity is not known: see [power] in the configuration."]
    line = f"Electricity {mwh / 1_000_000:.3f} kWh"
    if not power.price_micro:
        return [f"{line}; what it costs is not known: see price_per_kwh in [power]."]
    cost = mwh / 1_000_000 * power.price_micro / 1_000_000
    line += f", {cost:.2f} {plain(power.currency, 8)}"
    if power.credit_micro:
        earned = (_sum(days, "earned") - _sum(days, "penalised")) / 1e9 * power.credit_micro / 1_000_000
        line += f"; net {earned - cost:+.2f} {plain(power.currency, 8)} at your worth of a credit"
    return [f"{line}."]


def _open(earnings: EarningsView) -> list[str]:
    lines = []
    if earnings.undecided:
        are = "answer is" if earnings.undecided == 1 else "answers are"
        lines.append(f"{earnings.undecided} {are} not judged yet.")
    lines += _stated(earnings)
    if not earnings.differences:
        return lines
    count = len(earnings.differences)
    lines += ["", f"{count} {'answer does' if count == 1 else 'answers do'} not add up:"]
    for one in earnings.differences[:SHOWN]:
        attempt = f".{one.attempt}" if one.attempt > 1 else ""
        told = f"{short(one.job)}{attempt}  {plain(one.sentence, 300)}"
        lines += wrap(told, WIDTH, initial_indent="  ", subsequent_indent=" " * 12)
    if len(earnings.differences) > SHOWN:
        lines.append(f"  and {len(earnings.differences) - SHOWN} more; --json has them.")
    return lines


def _stated(earnings: EarningsView) -> list[str]:
    stated = earnings.statements
    if stated.ok:
        newest = stated.statements[:1]
        return [f"Stated by the network up to epoch {one.epoch}, and checked here." for one in newest]
    lines = ["", "The network's statements are not right (`quarterdeck audit statement`):"]
    for one in stated.findings[:SHOWN]:
        told = f"epoch {one.epoch}  {one.name}: {plain(one.sentence, 300)}"
        lines += wrap(told, WIDTH, initial_indent="  ", subsequent_indent=" " * 12)
    return lines


def _sum(days: Sequence[DayView], column: str) -> int:
    return sum(getattr(day, column) for day in days)
