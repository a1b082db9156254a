"""Slots, the line before them, the newcomers' shares of a step, and whose turn it is: all without a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.port import GenerateRequest, Source
from console.engine.process.prefill import Prompt, shares
from console.engine.process.slots import COPY_LEAST, Place, Slots
from console.engine.process.turns import Turns
from console.engine.process.waiting import Entry, LocalUse, Waiting


def fill(slots: Slots, ids: range, source: Source = "network") -> int:
    place = slots.take(tuple(ids), source, len(ids) - 1)
    slots.computed(place.slot, tuple(ids)[place.reused :])
    return place.slot


def ask(name: str, source: Source) -> Entry:
    return Entry(GenerateRequest(name, (1,), "0" * 64, 0, 1, source=source), lambda _: None, 0.0)


def test_a_prompt_goes_on_in_the_slot_that_holds_its_beginning() -> None:
    slots = Slots(2)
    slots.leave(fill(slots, range(100)))
    slots.leave(fill(slots, range(500, 600)))
    assert slots.take((*tuple(range(90)), 7, 7), "network", 91) == Place(0, 90, None)
    assert slots.held(0) == tuple(range(90))


def test_a_short_beginning_is_copied_rather_than_the_rest_destroyed() -> None:
    slots = Slots(2)
    slots.leave(fill(slots, range(1000)))
    assert slots.take((*tuple(range(COPY_LEAST)), 9), "network", COPY_LEAST) == Place(1, COPY_LEAST, 0)
    assert len(slots.held(0)) == 1000


def test_a_running_sequence_lends_its_beginning() -> None:
    slots = Slots(2)
    fill(slots, range(100))
    assert slots.take(tuple(range(100)), "network", 99) == Place(1, 99, 0)


@pytest.mark.parametrize(("first", "second"), [("network", "local"), ("local", "network")])
def test_the_network_and_the_operator_never_share(first: Source, second: Source) -> None:
    slots = Slots(1)
    slots.leave(fill(slots, range(100), first))
    assert slots.take(tuple(range(100)), second, 99) == Place(0, 0, None)


def test_newcomers_go_beside_those_that_run() -> None:
    slots = Slots(6)
    taken = [fill(slots, range(n * 1000, n * 1000 + 10)) for n in range(1, 5)]
    assert taken == [0, 1, 2, 3]
    slots.leave(1)
    assert fill(slots, range(9000, 9010)) == 1


def test_what_was_lost_is_not_taken_over() -> None:
    slots = Slots(1)
    slot = fill(slots, range(100))
    slots.lose(slot)
    slots.leave(slot)
    assert slots.take(tuple(range(100)), "network", 99) == Place(0, 0, None)


PROMPTS = st.lists(st.builds(Prompt, st.integers(0, 1), st.integers(1, 3000)), min_size=1, max_size=9)


@given(PROMPTS, st.integers(1, 512))
def test_shares_use_every_row_and_the_oldest_gets_half(prompts: list[Prompt], rows: int) -> None:
    given_rows = shares(prompts, rows)
    assert sum(given_rows) == min(rows, sum(p.left for p in prompts))
    assert all(0 <= got <= p.left for got, p in zip(given_rows, prompts, strict=True))
    assert given_rows[0] >= min(prompts[0].left, rows / 2)


def test_a_short_prompt_does_not_wait_for_a_long_one_before_it() -> None:
    assert shares([Prompt(0, 4000), Prompt(0, 3000), Prompt(0, 100)], 256) == [128, 28, 100]
    assert shares([Prompt(1, 4000), Prompt(1, 10), Prompt(0, 300)], 256) == [128, 0, 128]
    assert shares([], 256) == []


@pytest.mark.parametrize(
    ("local", "order"),
    [("equal", "n1 l1 n2 l2"), ("first", "l1 l2 n1 n2"), ("last", "n1 n2 l1 l2")],
)
def test_the_operators_requests_stand_where_the_setting_says(local: LocalUse, order: str) -> None:
    waiting = Waiting(local)
    for name, source in (("n1", "network"), ("l1", "local"), ("n2", "network"), ("l2", "local")):
        waiting.push(ask(name, source))  # type: ignore[arg-type]
    assert [waiting.pop().request.id for _ in range(4)] == order.split()


@given(st.lists(st.tuples(st.floats(0.001, 2.0), st.floats(0.001, 2.0)), min_size=50, max_size=50))
def test_neither_generations_nor_scores_starve(durations: list[tuple[float, float]]) -> None:
    turns, spent = Turns(), {True: 0.0, False: 0.0}
    for generating_s, scoring_s in durations:
        score = turns.scores_next(True, True)
        duration_s = scoring_s if score else generating_s
        turns.took(score, duration_s)
        spent[score] += duration_s
        assert abs(spent[True] - spent[False]) <= 2.0 + 1e-9


def test_time_alone_is_not_held_against_anyone() -> None:
    turns = Turns()
    for _ in range(100):
        assert not turns.scores_next(True, False)
        turns.took(False, 1.0)
    assert not turns.scores_next(True, True)
    turns.took(False, 1.0)
    assert turns.scores_next(True, True)
    turns.took(True, 1.5)
    assert not turns.scores_next(True, True)
    assert turns.scores_next(False, True)
