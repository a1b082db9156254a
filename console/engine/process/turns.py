"""Whose step is next when generations and scores both have work: whoever has had less of the time."""

from __future__ import annotations


class Turns:
    """Shares the worker's time in halves while both want it."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._shared = False

    def scores_next(self, generating: bool, scoring: bool) -> bool:
        """Whether the next step is a score's. `generating`, `scoring`: who has work."""
        self._shared = generating and scoring
        return self._ahead_s > 0.0 if self._shared else scoring

    def took(self, score: bool, duration_s: float) -> None:
        """A step is over."""
        # Time that nobody else wanted is not held against anyone later.
        self._ahead_s = self._ahead_s + (-duration_s if score else duration_s) if self._shared else 0.0
