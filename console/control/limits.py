"""Limits of the network's policy, and how near this node is to each. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec


class LimitView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One running total against its limit, from the node's own journal and the published policy."""

    rule: str
    """Name of the rule in the policy, e.g. `suspend_after`."""
    title: str
    seen: int
    limit: int
    level: Literal["calm", "near", "reached"] = "calm"
    """`near`: one more reaches it."""
    sentence: str = ""
    """What happens at the limit, and what to do now."""
    eases_ms: int = 0
    """When the oldest thing that counts stops counting; 0: it does not by itself."""
