"""How long an attempt may take, and what it is lost for."""

from __future__ import annotations

from dataclasses import dataclass

from console.protocol.types import Fault


@dataclass(frozen=True, slots=True)
class Lost:
    """The attempt came to nothing, for a public reason."""

    code: str
    fault: Fault


@dataclass(slots=True)
class Deadlines:
    """On the clock of durations."""

    lease_s: float
    hard_s: float
    """However steadily tokens drip, no attempt lasts longer."""
    ack_s: float | None
    gone_s: float | None = None

    def next_s(self) -> float:
        """The first of them."""
        return min(t for t in (self.lease_s, self.hard_s, self.ack_s, self.gone_s) if t is not None)

    def expired(self, now_s: float) -> Lost:
        """What passing the first of them means."""
        if self.gone_s is not None and now_s >= self.gone_s:
            return Lost("node_gone", "node")
        if self.ack_s is not None and now_s >= self.ack_s:
            return Lost("not_acknowledged", "node")
        return Lost("lease_expired", "node")
