"""How much one connection may send: a bucket of frames and one of bytes, refilled by time. Pure."""

from __future__ import annotations

_BURST_S = 2.0


class Rate:
    """Allows bursts of two seconds' worth."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._left = per_s * _BURST_S
        self._at_s = now_s

    def take(self, amount: float, now_s: float) -> bool:
        """Use up `amount`; False when there is not so much left."""
        self._left = min(self._per_s * _BURST_S, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if amount > self._left:
            return False
        self._left -= amount
        return True
