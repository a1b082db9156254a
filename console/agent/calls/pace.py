"""How often the operator is called: so many times an hour, the same thing once, the rest counted. Pure."""

from __future__ import annotations

import msgspec

HOUR_MS = 3_600_000
SAME_MS = 15 * 60_000
"""The same sentence is not told again for so long."""


class Pace(msgspec.Struct, frozen=True):
    """What was told in the last hour, oldest first, as (when, text); and how many things were held back."""

    told: tuple[tuple[int, str], ...] = ()
    held_back: int = 0


def tell(pace: Pace, at_ms: int, text: str, per_hour: int) -> tuple[Pace, str]:
    """The pace after `text` came up at `at_ms`, and what is to be said of it now: empty, nothing.

    What was held back is counted in the next that goes out.
    """
    recent = tuple((when, what) for when, what in pace.told if 0 <= at_ms - when < HOUR_MS)
    if any(what == text and at_ms - when < SAME_MS for when, what in recent):
        return Pace(recent, pace.held_back), ""
    if len(recent) >= per_hour:
        return Pace(recent, pace.held_back + 1), ""
    more = f" ({pace.held_back} more since the last call; see Events.)" if pace.held_back else ""
    return Pace((*recent, (at_ms, text))), text + more
