"""Shares with their 95 % intervals, and the audit rate that follows from a share."""

from __future__ import annotations

import math
from typing import NamedTuple

Z95 = 1.959964


class Share(NamedTuple):
    """`found` of `of`."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """The share itself, NaN when nothing was looked at."""
        return self.found / self.of if self.of else math.nan

    def wilson(self) -> tuple[float, float]:
        """Two-sided 95 % interval (Wilson 1927)."""
        if not self.of:
            return 0.0, 1.0
        n, p, z2 = self.of, self.value, Z95**2
        middle, half = p + z2 / (2 * n), Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, (middle - half) / (1 + z2 / n)), min(1.0, (middle + half) / (1 + z2 / n))

    def upper95(self) -> float:
        """One-sided 95 % upper bound (Clopper and Pearson 1934); with none found, 1 − 0.05^(1/n)."""
        if self.found >= self.of:
            return 1.0
        low, high = self.value, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(self.found, self.of, middle) > 0.05 else (low, middle)
        return high


def at_most(found: int, of: int, p: float) -> float:
    """Probability of `found` or fewer of `of`, each with `p` (binomial)."""
    return sum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(found + 1))


def audit_rate(detection: float, saving: float = 1.0, penalty_multiple: float = 10.0) -> float:
    """The least rate that leaves a cheat no profit: a ≥ s/(d·(1 + P/R)); above 1 there is none."""
    return saving / (detection * (1 + penalty_multiple)) if detection > 0 else math.inf
