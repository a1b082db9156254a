"""What happened, line by line, and its hash: two runs of one seed must give the same."""

from __future__ import annotations

import hashlib
from collections import Counter

from simulation.loop import SimulatedLoop


class Trace:
    """Lines are dated in simulated seconds. Ids are shortened; prompts and answers do not occur."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        """How often each kind of thing happened."""

    def note(self, kind: str, text: str = "") -> None:
        """One thing happened now."""
        self.counts[kind] += 1
        self.lines.append(f"{self._loop.time():.6f} {kind} {text}")

    @property
    def digest(self) -> str:
        """SHA-256 over all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
