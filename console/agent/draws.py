"""The draws that this node was in, as presence receipts count them, and what luck it had. Pure."""

from __future__ import annotations

import msgspec

from console.control.network import NetworkView
from console.fairness import band95


class Draws(msgspec.Struct, frozen=True):
    """Draws since the agent started, as presence receipts tell them, and since the last win."""

    draws: int = 0
    won: int = 0
    expected_milli: int = 0
    variance_milli: int = 0
    since_win: int = 0
    expected_since_win_milli: int = 0
    last_draw_ms: int = 0


def followed(before: Draws, network: NetworkView, now_ms: int) -> Draws:
    """`before` brought up to a presence receipt's counts; counts that fell belong to a new session."""
    if network.draws < before.draws:
        before = Draws(last_draw_ms=before.last_draw_ms)
    new = network.draws - before.draws
    won = network.won > before.won
    return Draws(
        draws=network.draws,
        won=network.won,
        expected_milli=network.expected_milli,
        variance_milli=network.variance_milli,
        since_win=0 if won else before.since_win + new,
        expected_since_win_milli=(
            0 if won else before.expected_since_win_milli + network.expected_milli - before.expected_milli
        ),
        last_draw_ms=now_ms if new else before.last_draw_ms,
    )


def luck(draws: Draws) -> str:
    """What was lost since the last win and won in all, each beside what chance gives."""
    low, high = band95(draws.expected_milli, draws.variance_milli)
    return (
        f"{draws.since_win} draws since your last win fell on others, where chance gives you "
        f"{draws.expected_since_win_milli / 1000:.1f}. In all: {draws.won} won of {draws.draws}, "
        f"expected {draws.expected_milli / 1000:.1f}, in 95 of 100 cases {low:.1f} to {high:.1f}."
    )
