"""What an hour brings, what the electricity costs, and what the month may come to."""

from __future__ import annotations

from console.control.earnings import DayView
from console.ledger.figures import credits
from console.tui import reckoning
from console.tui.reckoning import HOUR_MS
from console.tui.rows import Row, Span, clean, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.days import RANGE_WORDS, days_in
from console.tui.views.frame import Frame, framed


def named_lines(name: str, text: str, width: int, head: int) -> list[Row]:
    """A name of `head` cells and a text beside it, on as many lines as it needs."""
    lines = wrap(text, max(10, width - head - 1), 3)
    rows = [row((text_fit(f" {name}", head), "dim"), lines[0])]
    return rows + [row(" " * head + line) for line in lines[1:]]


def rates(view: View, frame: Frame, zone_s: int, count: int) -> list[Row]:
    """What an hour brings, what the electricity costs, and what the month may come to."""
    title = f"Rates of {RANGE_WORDS[count]}"
    if not view.known:
        return framed(title, [], frame)
    day = reckoning.total(days_in(view, zone_s, count))
    return framed(title, rate_rows(view, day, zone_s, frame.inner_width), frame)


def rate_rows(view: View, day: DayView, zone_s: int, width: int) -> list[Row]:
    """The same without a frame."""
    spans: list[Span] = [Span(text_fit(" Per hour", 13), "dim")]
    for ms, word in ((day.worked_ms, "worked"), (day.online_ms, "online")):
        hours = f" ({hours_words(ms)})" if width >= 64 else ""
        spans += [Span(_hourly(day, ms), "strong"), Span(f" {word}{hours}  ", "dim")]
    rows: list[Row] = [tuple(spans)]
    for name, text in (
        ("Electricity", power_words(view, day)),
        ("Month's end", estimate_words(view, zone_s)),
    ):
        rows += named_lines(name, text, width, 13)
    return rows


def hours_words(ms: int) -> str:
    """`7.1 h`, and from 100 hours on `154 h`."""
    hours = ms / HOUR_MS
    return f"{hours:,.1f} h" if hours < 100 else f"{hours:,.0f} h"


def _hourly(day: DayView, ms: int) -> str:
    rate = reckoning.per_hour(reckoning.net_of(day), ms)
    return "—" if rate is None else credits(rate)


def money_words(micro: int, currency: str) -> str:
    """An amount of the operator's currency: `0.0657 EUR`, `12.40 EUR`."""
    sign, size = "−" if micro < 0 else "", abs(micro)
    digits = 2 if size >= 1_000_000 else 4
    return f"{sign}{size / 1_000_000:,.{digits}f} {clean(currency)[:8]}".rstrip()


def power_words(view: View, day: DayView) -> str:
    """Electricity used, its cost and the net, as far as they can be known; else what to set."""
    power = view.state.earnings.power
    if power.source == "unknown":
        return "not measured here; set watts and price_per_kwh in [power]"
    used = f"{day.energy_mwh / reckoning.MILLIWATT_HOURS:,.3f} kWh"
    source = "GPUs alone, as measured" if power.source == "measured" else "by the watts you gave"
    cost = reckoning.cost_micro(day.energy_mwh, power)
    if cost is None:
        return f"{used} ({source}); set price_per_kwh in [power] for its cost"
    text = f"{used}, {money_words(cost, power.currency)} ({source})"
    worth = reckoning.worth_micro(reckoning.net_of(day), power)
    if worth is None:
        return f"{text}; set credit_price in [power] for a net"
    return f"{text}; net {money_words(worth - cost, power.currency)}"


def estimate_words(view: View, zone_s: int) -> str:
    """What the month may come to, with its basis."""
    found = reckoning.month_end(view.state.earnings.days, view.now_ms, zone_s)
    if isinstance(found, int):
        days = f"{found} whole day{'' if found == 1 else 's'} with work"
        return f"not enough data: {days}, {reckoning.WORKED_DAYS_NEEDED} are needed"
    online = f"{found.online_ms / HOUR_MS:.1f} h online a day"
    basis = f"{found.worked_days} days of work in {found.of_days}"
    return f"about {credits(found.nano)}, from {basis}, {online}"
