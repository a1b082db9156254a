"""What a tolerant recompute measured, each figure beside its limit; how much of an answer it saw. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.control.state import VerdictView
from console.protocol.types import Statistic, StatisticName, Verdict

MILLION = 1_000_000
NAMES: dict[StatisticName, str] = {
    "max_margin": "max margin",
    "mean_margin": "mean margin",
    "mismatch_rate": "other token",
    "logprob_distance": "logits off",
    "running_margin": "all margins",
    "running_distance": "all logits",
}
"""Margins and distances are in units of logit, running totals in nats."""


def figure(name: StatisticName, ppm: int) -> str:
    """A figure in its own unit."""
    return f"{ppm / 10_000:.1f} %" if name == "mismatch_rate" else f"{ppm / MILLION:.3f}"


def measured(one: Statistic) -> str:
    """`0.012, limit 0.025`."""
    return f"{figure(one.name, one.value_ppm)}, limit {figure(one.name, one.limit_ppm)}"


def over(one: Statistic) -> bool:
    """Whether it rejects."""
    return one.value_ppm > one.limit_ppm


def nearest(statistics: Sequence[Statistic]) -> Statistic | None:
    """The figure that is nearest to its limit, or furthest over it."""
    return max(statistics, key=share_of, default=None)


def share_of(one: Statistic) -> float:
    """Value as a share of its limit; a limit of 0 is reached at once."""
    return one.value_ppm / one.limit_ppm if one.limit_ppm > 0 else float(one.value_ppm > 0) * 10


def worst_percent(statistics: Sequence[Statistic]) -> int | None:
    """How much of its limit the nearest figure takes up, in per cent; None where nothing was measured."""
    one = nearest(statistics)
    return None if one is None else min(999, round(100 * share_of(one)))


def in_windows(verdict: VerdictView | Verdict) -> bool:
    """Whether only a part of the answer was recomputed."""
    return 0 < verdict.positions < verdict.tokens_checked


def looked_at(verdict: VerdictView | Verdict) -> int:
    """Positions behind the finding."""
    return verdict.positions if in_windows(verdict) else verdict.tokens_checked
