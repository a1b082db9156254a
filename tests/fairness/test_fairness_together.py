"""Nodes that are one machine: what is looked for, and how seldom others look so."""

from __future__ import annotations

import itertools
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fairness import together
from console.fairness.together import ORDERS, ROUNDS, Round, fitting, kinds, one_machine
from console.protocol.ids import NodeId

A, B, C = (NodeId(name) for name in "abc")
ALL = frozenset((A, B, C))


def as_one(order: tuple[bool, ...]) -> list[Round]:
    """What A and B show that are one machine, beside C."""
    return [Round(kind, frozenset((A, B)) if kind else frozenset()) for kind in order]


@given(st.lists(st.integers(0, 2**32), min_size=2 * ROUNDS, max_size=2 * ROUNDS))
def test_there_are_as_many_rounds_of_each_kind(lots: list[int]) -> None:
    assert sum(kinds(lots)) == ROUNDS


def test_every_order_is_as_likely() -> None:
    chance, seen = Random(1), [0] * (2 * ROUNDS)
    for _ in range(4000):
        for at, kind in enumerate(kinds([chance.getrandbits(32) for _ in range(2 * ROUNDS)])):
            seen[at] += kind
    assert all(abs(count - 2000) < 5 * math.sqrt(1000) for count in seen)


def test_lots_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="lots"):
        kinds([1, 2, 3])


def test_who_is_slow_together_and_never_apart_is_one_machine() -> None:
    order = kinds(list(range(2 * ROUNDS)))
    assert one_machine(ALL, as_one(order)) == {A, B}
    assert one_machine(ALL, as_one(order)[:-1]) == frozenset(), "not before all rounds are done"
    assert one_machine((A, C), as_one(order)) == frozenset(), "and never one alone"


@given(st.integers(0, 2 * ROUNDS - 1))
def test_one_round_that_does_not_fit_clears_a_node(at: int) -> None:
    rounds = as_one(kinds(list(range(2 * ROUNDS))))
    rounds[at] = Round(rounds[at].together, rounds[at].below ^ {A})
    assert A not in fitting(ALL, rounds)
    assert one_machine(ALL, rounds) == frozenset()


def test_whatever_slows_a_node_one_order_at_most_looks_like_one_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All outcomes of six rounds against all orders of their kinds: the bound that `ORDERS` states."""
    monkeypatch.setattr(together, "ROUNDS", 3)
    orders = [tuple(at in chosen for at in range(6)) for chosen in itertools.combinations(range(6), 3)]
    assert len(orders) == math.comb(6, 3)
    for slow in itertools.product((False, True), repeat=6):
        rounds = [
            [Round(kind, ALL if was else frozenset()) for kind, was in zip(order, slow, strict=True)]
            for order in orders
        ]
        assert sum(bool(one_machine(ALL, seen)) for seen in rounds) <= 1
    assert math.comb(20, 10) == ORDERS
