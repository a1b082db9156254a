"""The audit rate below which cheating pays (DESIGN §5): a ≥ s / (d·(1 + P/R))."""

from __future__ import annotations

from console.protocol.types import Policy

PPM = 1_000_000
TYPICAL_TOKENS = 100
"""Of prompt and answer together, for a rate that is told before an answer is known."""


def deterrent_ppm(policy: Policy, reward: int, held: int) -> int:
    """The least rate, per million, at which a false answer of `reward` costs its node more than it saves.

    A node that cheats saves a share s of its reward R; an audit finds it with probability d, and then it
    loses R and pays P. So s·R must not exceed a·d·(R + P).
    `held`: nano-credits of bond and pending that a penalty can be taken from; P is no more than that.
    """
    if reward <= 0:
        return 0
    penalty = min(policy.penalty_multiple * reward, max(0, held))
    denominator = policy.detection_ppm * (reward + penalty)
    if denominator <= 0:
        return PPM
    return min(PPM, -(-PPM * policy.saving_ppm * reward // denominator))


def typical_reward(policy: Policy) -> int:
    """Nano-credits for an answer of usual size."""
    return TYPICAL_TOKENS * policy.node_rate
