"""How the prompts of newcomers share the rows of a step."""

from __future__ import annotations

from typing import NamedTuple


class Prompt(NamedTuple):
    """A prompt that is not computed yet."""

    rank: int
    """0 goes before 1."""
    left: int
    """Rows that are still to be computed."""


def shares(prompts: list[Prompt], rows: int) -> list[int]:
    """Rows of this step for each of `prompts`, which stand by age, the oldest first.

    Half of the rows, and whatever nobody else wants, are the oldest prompt's, so that it comes to an end; the
    others go to the shortest, so that a short question does not wait for a long document before it.
    """
    given = [0] * len(prompts)
    if not prompts:
        return given
    given[0] = min(prompts[0].left, -(-rows // 2))
    rest = rows - given[0]
    order = sorted(range(len(prompts)), key=lambda i: (prompts[i].rank, prompts[i].left - given[i], i))
    for i in order:
        more = min(rest, prompts[i].left - given[i])
        given[i] += more
        rest -= more
    return given
