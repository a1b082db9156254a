"""How long to wait before dialling again. Pure: the random part is an argument."""

from __future__ import annotations

FIRST_S = 0.5
CAP_S = 15.0


def delay_s(failures: int, jitter: float) -> float:
    """Seconds before the next try after `failures` in a row (≥ 1): doubling, capped, spread by half.

    `jitter`: in [0, 1). Without it, a restarted coordinator would be met by all its nodes at once.
    """
    full = min(CAP_S, FIRST_S * 2.0 ** min(failures - 1, 16))
    return full * (0.5 + 0.5 * jitter)
