"""How near the node is to what the network's policy punishes, from its own journal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from console.control.limits import LimitView
from console.protocol.types import Policy

Level = Literal["calm", "near", "reached"]
SUSPEND = "suspend_after"
WINDOW_LIMIT_S = 10 * 365 * 86_400
"""A peer's window is not believed beyond this."""


def window_ms(policy: Policy) -> int:
    """For how long a rejection counts."""
    return 1000 * max(0, min(policy.suspend_window_s, WINDOW_LIMIT_S))


def limits(
    policy: Policy | None, rejected_ms: Sequence[int], now_ms: int, counted_from_ms: int = 0
) -> tuple[LimitView, ...]:
    """Each running total of `policy` against its limit; nothing while the policy is not known.

    `rejected_ms`: when answers were rejected. `counted_from_ms`: the end of the last suspension, since the
    network counts anew from there.
    """
    if policy is None or policy.suspend_after <= 0:
        return ()
    window = window_ms(policy)
    counting = sorted(at for at in rejected_ms if at >= max(now_ms - window, counted_from_ms))
    seen, limit = len(counting), policy.suspend_after
    level: Level = "reached" if seen >= limit else "near" if seen and seen == limit - 1 else "calm"
    away = _words(policy.suspend_s)
    return (
        LimitView(
            rule=SUSPEND,
            title=f"Rejected within {_words(policy.suspend_window_s)}",
            seen=seen,
            limit=limit,
            level=level,
            sentence=_sentence(level, limit, away),
            eases_ms=counting[0] + window if counting else 0,
        ),
    )


def _sentence(level: str, limit: int, away: str) -> str:
    if level == "reached":
        return (
            f"So many suspend the node for {away}. See the verdicts and mend the cause, then wait: "
            "it may sign in again when the time is over."
        )
    if level == "near":
        return (
            f"One more rejected answer suspends the node for {away}. "
            "Pause it, look at the verdicts, and mend the cause first."
        )
    return f"{limit} rejected answers suspend the node for {away}."


def _words(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
