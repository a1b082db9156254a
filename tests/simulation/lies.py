"""What nodes may do instead of their work. Each is one way to gain by it, or simply to be broken."""

from __future__ import annotations

from random import Random

HONEST = "honest"
FALSE = frozenset({"other_model", "other_seed", "opens_other", "opens_nothing"})
"""Answers that an audit has to reject."""
CHARACTERS: dict[str, tuple[str, ...]] = {
    "honest": (HONEST,),
    "cheat": ("other_model", "other_seed", HONEST),
    "secretive": ("opens_other", "opens_nothing", HONEST),
    "tardy": ("late", "late", HONEST),
    "greedy": ("twice", "old_fence", "old_fence", "next_fence"),
    "unwilling": ("declines", "silent", "fails", "leaves", HONEST),
    "garbled": ("malformed", "other_stream", "shouts", HONEST),
    "slow": ("drips", HONEST),
}
"""Kinds of nodes, and what each does with an assignment, drawn anew every time."""
_OFTEN = {"cheat": 3, "secretive": 2, "greedy": 2}


def character(chance: Random, honest: bool) -> str:
    """The kind of one node."""
    kinds = [kind for kind in sorted(CHARACTERS) for _ in range(_OFTEN.get(kind, 1))]
    return "honest" if honest else chance.choice(kinds)


def deed(kind: str, chance: Random) -> str:
    """What a node of that kind does with one assignment."""
    return chance.choice(CHARACTERS[kind])
