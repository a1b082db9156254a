"""The public sampling rules: neutral ones change nothing, cuts and penalties do what their names say."""

from __future__ import annotations

import math
from collections import Counter

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from noisy_answers import HONEST, answer, honest_calibration

from console.protocol.types import TOP_K, SamplingRules
from console.verification.commitment import unpack
from console.verification.cut import GRID, Cut
from console.verification.judge import Claim, check_replay
from console.verification.rules import PLAIN, admitted, penalised
from console.verification.sampling import PAIR, Candidates, Place, choose, choose_each
from console.verification.tolerant import check_recompute_tolerant, compared

SEED = bytes(range(32))
SHARES = st.integers(0, 1_000_000)
PENALTIES = st.integers(-2000, 2000)
RULES = st.builds(SamplingRules, SHARES, SHARES, PENALTIES, PENALTIES)
ROWS = st.lists(st.integers(-40 * GRID, 40 * GRID), min_size=TOP_K, max_size=TOP_K)
TEMPERATURES = st.sampled_from([0, 1, 300, 700, 1000, 2000])


def row_of(qs: list[int]) -> Candidates:
    row = np.empty(TOP_K, dtype=PAIR)
    row["q"] = sorted(qs, reverse=True)
    row["id"] = np.arange(TOP_K) * 3 + 7
    return row


def parts(row: Candidates) -> tuple[np.ndarray, np.ndarray]:
    return row["id"].astype(np.int64), row["q"].astype(np.int64)


@given(ROWS, st.integers(0, 500), TEMPERATURES)
def test_neutral_rules_choose_what_no_rules_choose(qs: list[int], position: int, milli: int) -> None:
    row, seen = row_of(qs), Counter({7: 3})
    neutral = SamplingRules(min_p_ppm=0, top_p_ppm=999_999_999)
    assert choose(row, SEED, position, milli, neutral, seen) == choose(row, SEED, position, milli)


@given(ROWS, RULES, st.integers(1, 3000))
def test_something_is_always_left_the_best_first(qs: list[int], rules: SamplingRules, milli: int) -> None:
    ids, q = parts(row_of(qs))
    left = admitted(ids, penalised(ids, q, rules, {7: 2}), milli, rules)
    values = penalised(ids, q, rules, {7: 2})[left]
    assert len(left) >= 1 and list(values) == sorted(values, reverse=True)


@given(ROWS, SHARES, st.sampled_from([300, 700, 1000, 2000]))
def test_top_p_leaves_the_fewest_that_reach_the_share(qs: list[int], ppm: int, milli: int) -> None:
    ids, q = parts(row_of(qs))
    left = admitted(ids, q * 1000, milli, SamplingRules(top_p_ppm=ppm))
    weights = [math.exp((value - q[0]) * 1000 / GRID / milli) for value in q]
    share = sum(weights[: len(left)]) / sum(weights)
    assert share >= ppm / 1e6 - 1e-6
    assert len(left) == 1 or sum(weights[: len(left) - 1]) / sum(weights) < ppm / 1e6 + 1e-6


@given(ROWS, SHARES)
def test_min_p_leaves_what_weighs_so_much_of_the_best(qs: list[int], ppm: int) -> None:
    ids, q = parts(row_of(qs))
    left = set(admitted(ids, q * 1000, 1000, SamplingRules(min_p_ppm=ppm)).tolist())
    for place, value in enumerate(q):
        weight = math.exp((value - q[0]) / GRID)
        if abs(weight - ppm / 1e6) > 1e-6:
            assert (place in left) == (place == 0 or weight > ppm / 1e6)


@given(ROWS, PENALTIES, PENALTIES, st.dictionaries(st.sampled_from([7, 10, 40]), st.integers(1, 9)))
def test_penalties_are_the_published_formula(
    qs: list[int], frequency: int, presence: int, seen: dict[int, int]
) -> None:
    ids, q = parts(row_of(qs))
    rules = SamplingRules(frequency_milli=frequency, presence_milli=presence)
    for token, was, now in zip(
        ids.tolist(), q.tolist(), penalised(ids, q, rules, seen).tolist(), strict=True
    ):
        count = seen.get(token, 0)
        assert now == was * 1000 - GRID * (frequency * count + presence * (count > 0))


@given(st.lists(ROWS, min_size=1, max_size=12), RULES, TEMPERATURES)
def test_an_answer_by_rules_replays_and_by_others_it_does_not(
    many: list[list[int]], rules: SamplingRules, milli: int
) -> None:
    rows, ids, seen = [row_of(qs) for qs in many], [], Counter[int]()
    for position, row in enumerate(rows):
        ids.append(choose(row, SEED, position, milli, rules, seen))
        seen[ids[-1]] += 1
    blob = b"".join(row.tobytes() for row in rows)
    claim = Claim(tuple(ids), "length", "", blob, SEED, milli, len(ids), rules)
    assert check_replay(claim).passed
    other = [choose(row, SEED, t, milli, PLAIN) for t, row in enumerate(rows)]
    if other != ids:
        plain = Claim(tuple(ids), "length", "", blob, SEED, milli, len(ids))
        assert check_replay(plain).first_mismatch == next(t for t in range(len(ids)) if other[t] != ids[t])


@given(st.lists(st.tuples(ROWS, RULES, TEMPERATURES, st.integers(0, 99)), min_size=1, max_size=6))
def test_many_answers_at_once_choose_what_each_would_alone(
    many: list[tuple[list[int], SamplingRules, int, int]],
) -> None:
    rows = [row_of(qs) for qs, *_ in many]
    cut = Cut(
        np.stack([row["id"] for row in rows]).astype(np.int64),
        np.stack([row["q"] for row in rows]),
        np.ones(len(rows), bool),
    )
    seen = {7: 2, 10: 1}
    places = [Place(SEED, position, milli, rules, seen) for _, rules, milli, position in many]
    alone = [choose(row, *place) for row, place in zip(rows, places, strict=True)]
    assert choose_each(cut, places) == alone


def test_a_strong_presence_penalty_never_says_a_token_twice() -> None:
    row, seen, said = row_of([0] * TOP_K), Counter[int](), []
    for position in range(TOP_K):
        said.append(choose(row, SEED, position, 10, SamplingRules(presence_milli=2000), seen))
        seen[said[-1]] += 1
    assert len(set(said)) == TOP_K


@given(st.integers(0, 50), st.sampled_from([0, 700, 1000]), RULES)
def test_under_equal_numerics_no_rule_makes_a_margin(number: int, milli: int, rules: SamplingRules) -> None:
    claim, reference = by_rules(number, milli, rules, error=0.0)
    found, _ = compared(claim, reference)
    assert not found.margins.any() and not found.distances.any()


def test_an_honest_answer_by_rules_is_within_the_noise_and_one_that_ignores_them_is_not() -> None:
    calibration, rules = honest_calibration(), SamplingRules(500_000, 50_000, 1500, 1000)
    for number in range(20):
        claim, reference = by_rules(number, 1000, rules, error=HONEST)
        assert check_replay(claim).passed
        assert check_recompute_tolerant(claim, reference, calibration).passed
        ignored, reference = answer(128, number)
        ignored = msgspec.structs.replace(ignored, rules=rules)
        assert not check_replay(ignored).passed
        assert not check_recompute_tolerant(ignored, reference, calibration).passed


def by_rules(number: int, milli: int, rules: SamplingRules, error: float) -> tuple[Claim, bytes]:
    """An honest answer under `rules`."""
    plain, reference = answer(64, number, error, milli)
    ids: list[int] = []
    for t, row in enumerate(unpack(plain.blob)):
        ids.append(choose(row, plain.seed, t, milli, rules, Counter(ids)))
    return msgspec.structs.replace(plain, token_ids=tuple(ids), rules=rules), reference
