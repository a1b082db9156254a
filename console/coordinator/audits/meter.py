"""How long a verifier works for each score, when several are with it at once. Pure."""

from __future__ import annotations


class Meter:
    """Shares the time in which a verifier has anything to do equally among the scores that are with it.

    So the shares add up to the time that verifying took, however scores overlap or wait for each other.
    """

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}
        self._at_s = 0.0

    def begin(self, name: str, now_s: float) -> None:
        """A score was handed over."""
        self._pass(now_s)
        self._shares[name] = 0.0

    def end(self, name: str, now_s: float) -> int:
        """It is back; its share, ms."""
        self._pass(now_s)
        return round(1000 * self._shares.pop(name, 0.0))

    def _pass(self, now_s: float) -> None:
        if self._shares:
            each_s = (now_s - self._at_s) / len(self._shares)
            self._shares = {name: share + each_s for name, share in self._shares.items()}
        self._at_s = now_s
