"""Wins on a scale: the band of a fair draw, what is expected, where this node stands. Pure."""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

from console.control.network import NetworkView
from console.fairness import band95
from console.tui.charts import columns
from console.tui.rows import Role, Row, Span, row

FOOT = 0.02
"""Below so much of its height the curve is not drawn: the least that a chart can draw is a line."""


class Standing(NamedTuple):
    """Wins, and what a fair draw gives in 95 of 100 cases."""

    won: int
    expected: float
    low: float
    high: float
    deviations: float
    """How many standard deviations the wins are above what is expected; 0 where there is no chance in it."""

    @property
    def place(self) -> str:
        """`inside`, `below` or `above` the band."""
        if self.low <= self.won <= self.high:
            return "inside"
        return "below" if self.won < self.low else "above"


def standing_of(network: NetworkView) -> Standing:
    """How the wins stand."""
    low, high = band95(network.expected_milli, max(0, network.variance_milli))
    sigma = sqrt(max(0, network.variance_milli) / 1000)
    expected = network.expected_milli / 1000
    off = (network.won - expected) / sigma if sigma else 0.0
    return Standing(network.won, expected, low, high, off)


def picture(standing: Standing, width: int, tall: int = 0) -> list[Row]:
    """The wins over a scale with the band on it; `tall` rows of the curve of a fair draw above the scale."""
    room = max(12, width - 2)
    scale = _Scale.of(standing, room)
    at = scale.column(standing.won)
    ink: Role = "good" if standing.place == "inside" else "warn"
    label = f"you {standing.won:,}"
    left = min(max(0, at - len(label) // 2), room - len(label))
    rows = [row((" " * (left + 1), "dim"), (label, ink))]
    rows += _curve(standing, scale, room, tall, at, ink)
    rows.append(_axis(standing, scale, room, at, ink))
    rows.append(_ticks(standing, scale, room))
    return rows


class _Scale(NamedTuple):
    left: float
    right: float
    room: int

    @classmethod
    def of(cls, standing: Standing, room: int) -> _Scale:
        margin = 0.2 * max(1.0, standing.high - standing.low)
        left = max(0.0, min(standing.low, standing.won) - margin)
        return cls(left, max(standing.high, standing.won) + margin, room)

    def column(self, wins: float) -> int:
        return round((wins - self.left) / (self.right - self.left) * (self.room - 1))

    def wins(self, column: int) -> float:
        return self.left + (self.right - self.left) * column / (self.room - 1)


def _curve(standing: Standing, scale: _Scale, room: int, tall: int, at: int, ink: Role) -> list[Row]:
    sigma = (standing.high - standing.expected) / 1.96
    if not tall or sigma <= 0:
        return []
    heights = [exp(-(((scale.wins(c) - standing.expected) / sigma) ** 2) / 2) for c in range(room)]
    low, high = scale.column(standing.low), scale.column(standing.high)
    rows = []
    for line in columns([round(1000 * value) for value in heights], room, tall, 1000):
        spans = [Span(" ", "text")]
        for c, glyph in enumerate(line):
            if c == at:
                _add(spans, "│", ink)
            else:
                _add(spans, glyph if heights[c] >= FOOT else " ", "bar" if low <= c <= high else "track")
        rows.append(tuple(spans))
    return rows


def _axis(standing: Standing, scale: _Scale, room: int, at: int, ink: Role) -> Row:
    low, middle, high = (scale.column(value) for value in (standing.low, standing.expected, standing.high))
    marks = {middle: "┼"} if low >= high else {low: "├", high: "┤", middle: "┼"}
    spans = [Span(" ", "text")]
    for c in range(room):
        within = low <= c <= high
        if c == at:
            _add(spans, "●", ink)
        else:
            _add(spans, marks.get(c, "░" if within else "─"), "bar" if within else "rule")
    return tuple(spans)


def _add(spans: list[Span], glyph: str, role: Role) -> None:
    if spans[-1].role == role:
        spans[-1] = Span(spans[-1].text + glyph, role)
    else:
        spans.append(Span(glyph, role))


def _ticks(standing: Standing, scale: _Scale, room: int) -> Row:
    """The band's ends and its middle, each under its mark; the middle gives way where it is narrow."""
    low, middle, high = figure(standing.low), f"{figure(standing.expected)} fair", figure(standing.high)
    first = max(0, scale.column(standing.low) - len(low) + 1)
    last = min(room - len(high), scale.column(standing.high))
    centre = scale.column(standing.expected) - len(middle) // 2
    if last <= first + len(low):
        return row((" " * (max(0, min(centre, room - len(middle))) + 1) + middle, "dim"))
    text = " " * first + low
    if first + len(low) < centre and centre + len(middle) < last:
        text = text.ljust(centre) + middle
    return row((" " + text.ljust(last) + high, "dim"))


def figure(wins: float) -> str:
    """So many wins, in tenths while they are few."""
    return f"{wins:,.0f}" if wins >= 20 else f"{wins:.1f}"
