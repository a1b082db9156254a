"""Earnings, and the draws that they hang on."""

from __future__ import annotations

from math import sqrt

from console.ledger.figures import MICRO, credits
from console.tui.charts import gauge
from console.tui.figures import ago, percent
from console.tui.rows import Role, Row, Span, clean, fit, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame, framed

BOND_WIDTH = 35
"""Cells of the bond in words, with its name, where a gauge stands behind it."""


def draws_text(view: View) -> str:
    """Draws won against expectation, ± 1.96 standard deviations."""
    network = view.state.network
    if network.draws == 0:
        return "no draw yet"
    band = 1.96 * sqrt(max(0, network.variance_milli) / 1000)
    expected = network.expected_milli / 1000
    digits = 0 if expected >= 20 else 1
    return f"{network.won:,}, expected {expected:,.{digits}f} ± {band:.{digits}f}"


def draws_word(view: View) -> str:
    """Where the wins lie: `in the 95 % band`, above or below it."""
    network = view.state.network
    off = network.won - network.expected_milli / 1000
    band = 1.96 * sqrt(max(0, network.variance_milli) / 1000)
    if network.draws == 0:
        return ""
    if abs(off) <= band:
        return "in the 95 % band"
    return "above the 95 % band" if off > 0 else "below the 95 % band"


def bond_text(view: View, room: int = 60) -> str:
    """The bond against its target, or that it stands: in fewer words where `room` cells hold no more."""
    money = view.state.money
    bond, target = money.balances.bond, money.bond_target
    if target <= 0:
        return credits(bond)
    held, wanted = credits(bond), credits(target)
    if held.split(" ")[-1] == wanted.split(" ")[-1]:
        held = held.split(" ")[0]
    told = f"{held} of {wanted}", f"{bond // MICRO:,} of {target // MICRO:,} µcr"
    return next((words for words in told if len(words) <= room), f"{percent(bond, target)} of {wanted}")


def _counts(view: View) -> Row:
    money = view.state.money
    return row(
        (f"{money.today_jobs:,}", "strong"),
        "  ", (f"✓ {money.today_accepted:,}", "good"),
        "  ", (f"! {money.today_failed:,}", "warn" if money.today_failed else "dim"),
        "  ", (f"✗ {money.today_rejected:,}", "bad" if money.today_rejected else "dim"),
    )  # fmt: skip


def _accepted(view: View) -> str:
    money = view.state.money
    return percent(money.today_accepted, money.today_accepted + money.today_rejected)


def _net(view: View) -> Row:
    money = view.state.money
    net = money.today_earned - money.today_penalised
    return row((credits(net, sign=True), "bad" if net < 0 else "strong"))


def earnings(view: View, frame: Frame) -> list[Row]:
    """Today, the accounts, and how the work went."""
    if not view.known:
        return framed("Earnings", [], frame) if frame.roomy else []
    return _roomy(view, frame) if frame.roomy else _compact(view, frame.width)


def _compact(view: View, width: int) -> list[Row]:
    money = view.state.money
    second, third = (23, 49) if width >= 80 else (22, width)
    lines: list[tuple[Row, Row, Row]] = [
        (
            row((" Today      ", "dim"), (credits(money.today_earned, sign=True), "good")),
            row(("Pending    ", "dim"), credits(money.balances.pending)),
            (*row(("Jobs ", "dim")), *_counts(view)),
        ),
        (
            (*row((" Net        ", "dim")), *_net(view)),
            row(("Available  ", "dim"), credits(money.balances.available)),
            row(("Accepted ", "dim"), (_accepted(view), "strong")),
        ),
        (
            row((" Penalties  ", "dim"), (credits(-money.today_penalised), _ink(money.today_penalised))),
            row(("Bond  ", "dim"), bond_text(view, third - second - 7)),
            row(("Drawn ", "dim"), draws_text(view)),
        ),
    ]
    return [(*fit(a, second), *fit(b, third - second), *c) for a, b, c in lines]


def _ink(penalised: int) -> Role:
    return "bad" if penalised else "text"


def _roomy(view: View, frame: Frame) -> list[Row]:
    money, wide = view.state.money, frame.inner_width
    half = max(26, wide // 2 - 3)
    bar, rest = gauge(money.balances.bond, money.bond_target, max(4, wide - BOND_WIDTH - 7))
    bond: Row = ()
    if money.bond_target:
        share = percent(money.balances.bond, money.bond_target)
        bond = (Span(bar, "bar"), Span(rest, "track"), Span(f" {share}", "dim"))

    def pair(left: Row, right: Row) -> Row:
        return (*fit(left, half), *right)

    def named(name: str, value: str, ink: Role = "text") -> Row:
        return row((text_fit(f" {name}", 12), "dim"), (value, ink))

    content = [
        pair(
            named("Today", credits(money.today_earned, sign=True), "good"),
            (*row((text_fit("Jobs", 10), "dim")), *_counts(view)),
        ),
        pair(
            (*row((text_fit(" Net", 12), "dim")), *_net(view)),
            row((text_fit("Accepted", 10), "dim"), (_accepted(view), "strong")),
        ),
        pair(
            named("Penalties", credits(-money.today_penalised), _ink(money.today_penalised)),
            row((text_fit("Available", 10), "dim"), credits(money.balances.available)),
        ),
        pair(
            named("All time", credits(money.total_earned - money.total_penalised)),
            row((text_fit("Pending", 10), "dim"), credits(money.balances.pending)),
        ),
        (*fit(named("Bond", bond_text(view, BOND_WIDTH - 13)), BOND_WIDTH), *bond),
    ]
    return framed("Earnings", content, frame)


def standing(view: View, frame: Frame) -> list[Row]:
    """How the node stands with the network: draws, roster, and the two figures that are its health."""
    network, money = view.state.network, view.state.money
    if not view.known:
        return framed("Standing", [], frame)

    def named(name: str, value: str, ink: Role = "text", more: str = "") -> Row:
        return row((text_fit(f" {name}", 16), "dim"), (value, ink), (f"  {more}" if more else "", "dim"))

    roster = f"listed, 1 of {network.roster_size:,}" if network.listed else "not listed"
    word = network.state if network.state != "connected" else _latency(network.latency_ms)
    epoch = f"epoch {network.epoch:,}" if network.epoch else ""
    content = [
        named("Last accepted", ago(view.now_ms, money.last_accepted_ms), "strong"),
        named("Last paid", ago(view.now_ms, money.last_paid_ms), "strong"),
        named("Drawn", draws_text(view), "text", draws_word(view)),
        named("Roster", roster, "text" if network.listed else "warn", epoch),
        named("Network", word, "text" if network.state == "connected" else "bad", clean(network.name)),
    ]
    return framed("Standing", content, frame)


def _latency(latency_ms: int | None) -> str:
    return "connected" if latency_ms is None else f"connected, {latency_ms} ms"
