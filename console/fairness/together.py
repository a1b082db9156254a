"""Whether nodes that say that they are machines of their own are one: an experiment and its verdict. Pure.

Suspects are asked in rounds of two kinds, as many of each, in an order drawn by lot: *together*, all at the
same moment, and *apart*, each at the same moment with as many nodes that are no suspects. Who is below the
group's minimum speed in every round together and in none apart is held to share a machine.

For a node that does not, it makes no difference whom else the network asks: whatever slows it, itself, its
line, or a network that has much to do, falls on rounds of both kinds alike. However often it is slow, all
orders of its rounds are then as likely as each other, and only one of `ORDERS` is the one that is looked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from console.protocol.ids import NodeId

ROUNDS = 10
"""Of each kind."""
ORDERS = math.comb(2 * ROUNDS, ROUNDS)
"""One in so many experiments, at most, holds a given node of its own machine to share one: 184,756."""


class Round(msgspec.Struct, frozen=True):
    """One round: who of the suspects was below the minimum speed in it."""

    together: bool
    below: frozenset[NodeId]


def kinds(lots: Sequence[int]) -> tuple[bool, ...]:
    """Whether each round is together, by `2 × ROUNDS` lots. Raises ValueError for another number of them."""
    if len(lots) != 2 * ROUNDS:
        raise ValueError(f"{len(lots)} lots for {2 * ROUNDS} rounds")
    together = set(sorted(range(len(lots)), key=lambda at: (lots[at], at))[:ROUNDS])
    return tuple(at in together for at in range(len(lots)))


def fitting(suspects: Iterable[NodeId], rounds: Iterable[Round]) -> frozenset[NodeId]:
    """Suspects of whom every round so far is as one machine's would be."""
    seen = tuple(rounds)
    return frozenset(node for node in suspects if all((node in one.below) == one.together for one in seen))


def one_machine(suspects: Iterable[NodeId], rounds: Sequence[Round]) -> frozenset[NodeId]:
    """The nodes that are held to share a machine; nobody before all rounds are done, and never one alone."""
    together = sum(one.together for one in rounds)
    if (together, len(rounds) - together) != (ROUNDS, ROUNDS):
        return frozenset()
    found = fitting(suspects, rounds)
    return found if len(found) > 1 else frozenset()
