"""The cast of a run, its prompts and what its report promises."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from console.practice.plan import make_plan, slots_for
from console.practice.prompts import next_ask


def plan_of(nodes: int, rogue: int, seed: int = 1):  # type: ignore[no-untyped-def]
    return make_plan(Path("h"), Path("m"), nodes=nodes, rogue=rogue, minutes=1, seed=seed)


def test_the_cast() -> None:
    plan = plan_of(3, 1)
    assert [m.honest for m in plan.cast] == [True, True, True, False]
    assert [m.yours for m in plan.cast] == [True, False, False, False]
    assert len({m.name for m in plan.cast}) == 4
    assert len({m.home for m in plan.cast}) == 4
    assert plan == plan_of(3, 1)
    assert plan != plan_of(3, 1, seed=2)


@pytest.mark.parametrize(("nodes", "rogue"), [(0, 1), (1, -1), (9, 9)])
def test_impossible_casts(nodes: int, rogue: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        plan_of(nodes, rogue)


def test_prompts_vary_and_repeat_with_their_seed() -> None:
    rng, again = random.Random(3), random.Random(3)
    asks = [next_ask(rng) for _ in range(200)]
    assert asks == [next_ask(again) for _ in range(200)]
    assert len({a.messages[-1]["content"] for a in asks}) > 100
    assert {a.stream for a in asks} == {True, False}
    assert all(1 <= a.max_tokens <= 96 for a in asks)


@pytest.mark.parametrize(
    ("cores", "gigabytes", "slots"),
    [
        (2, 24, 1),
        (4, 24, 1),
        (5, 24, 2),
        (9, 24, 2),
        (10, 24, 4),
        (64, 24, 4),
        (64, 3, 2),
        (64, 1, 1),
        (64, 0, 1),
    ],
)
def test_slots_go_to_engines_that_have_cores_and_memory(cores: int, gigabytes: int, slots: int) -> None:
    assert slots_for(5, cores, gigabytes << 30) == slots
