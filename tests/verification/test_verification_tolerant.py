"""The tolerant rules: noise passes, cheats do not, and each figure is what its definition says."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noisy_answers import HONEST, answer, honest, honest_calibration

from console.protocol.types import TOP_K
from console.verification.calibrating import TooFewError, calibrate, condition_of
from console.verification.calibration import Calibration
from console.verification.commitment import unpack
from console.verification.judge import check_replay
from console.verification.margins import MISSING_DISTANCE, OUTSIDE_MARGIN, differences
from console.verification.noise import gumbel
from console.verification.sampling import GRID, PAIR
from console.verification.tolerant import abstained, check_recompute_tolerant


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return honest_calibration()


def row(*pairs: tuple[int, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.void]]:
    """40 candidates: the given ids and logits, then far ones."""
    filled = [*pairs, *((1000 + i, -20.0 - i) for i in range(TOP_K - len(pairs)))]
    return np.array([[(i, round(q * GRID)) for i, q in filled]], dtype=PAIR)


@settings(max_examples=25)
@given(st.integers(10_000, 20_000), st.sampled_from([3, 16, 64, 200]), st.sampled_from([0, 300, 1000, 1300]))
def test_honest_answers_within_the_noise_pass(number: int, n: int, temperature_milli: int) -> None:
    """At any temperature by a calibration made at 1: that is what the margin's unit is for."""
    claim, reference = answer(n, number, HONEST, temperature_milli)
    found = check_recompute_tolerant(claim, reference, CALIBRATION)
    assert found.passed, found.sentence
    assert (found.positions, found.tokens_checked, len(found.statistics)) == (n, n, 4)


CALIBRATION = honest_calibration()


@settings(max_examples=20)
@given(st.integers(0, 5000), st.floats(0.5, 3.0))
def test_another_model_fails_and_replay_cannot_know(number: int, wrong: float) -> None:
    claim, reference = answer(128, number, wrong=wrong)
    assert check_replay(claim).passed
    found = check_recompute_tolerant(claim, reference, CALIBRATION)
    assert not found.passed
    assert 0 <= found.first_mismatch < 128
    assert any(one.value_ppm > one.limit_ppm for one in found.statistics)


@settings(max_examples=20)
@given(st.integers(0, 5000))
def test_replay_does_not_look_at_the_reference(number: int) -> None:
    """Replay is a function of the claim alone: whatever the reference says, it stands."""
    claim, _ = answer(32, number, wrong=4.0)
    assert check_replay(claim) == check_replay(claim)
    assert check_replay(claim).passed


def test_the_same_logits_have_no_margin_and_no_distance(calibration: Calibration) -> None:
    claim, _ = answer(40, 3)
    found = check_recompute_tolerant(claim, claim.blob, calibration)
    assert [one.value_ppm for one in found.statistics] == [0, 0, 0, 0]


def test_margin_is_the_gap_of_the_scores_by_hand() -> None:
    seed, place = b"s" * 32, 7
    ours, theirs = row((5, 2.0), (6, 1.5), (7, 1.0)), row((6, 2.0), (5, 1.9), (7, 1.0))
    noise = gumbel(seed, place, np.array([5, 6, 7]))
    for temperature in (1.0, 2.0, 0.5):
        scores = np.array([2.0, 1.5, 1.0]) / temperature + noise
        gap = (scores.max() - scores[2]) * min(1.0, temperature)
        found = differences(ours, theirs, (7,), (place,), seed, round(1000 * temperature))
        assert found.margins[0] == pytest.approx(max(gap, 0.0))
    assert differences(ours, theirs, (7,), (place,), seed, 0).margins[0] == pytest.approx(1.0)
    assert differences(ours, theirs, (5,), (place,), seed, 0).margins[0] == 0.0


def test_a_token_outside_the_references_candidates_is_bounded_by_the_last_of_them() -> None:
    ours, theirs = row((5, 2.0)), row((5, 2.0), (99, 1.9))
    last = ours[0]["q"][-1] / GRID
    assert differences(ours, theirs, (99,), (0,), b"s" * 32, 0).margins[0] == pytest.approx(2.0 - last)
    near = np.array([[(i, 2048 - i) for i in range(TOP_K)]], dtype=PAIR)
    claimed = near.copy()
    claimed["id"][0, -1] = 99
    assert differences(near, claimed, (99,), (0,), b"s" * 32, 0).margins[0] == OUTSIDE_MARGIN


def test_a_candidate_that_fell_off_the_nodes_list_costs_only_its_height_above_the_border() -> None:
    """Id 39 is the reference's last; with all the noise in the world its absence explains itself."""
    ours = np.array([[(i, 2048 - 10 * i) for i in range(TOP_K)]], dtype=PAIR)
    theirs = ours.copy()
    theirs["id"][0, -1] = 99
    for place in range(400):
        noise = gumbel(b"s" * 32, place, np.arange(TOP_K))
        scores = ours[0]["q"] / GRID + noise
        if int(np.argmax(scores)) == TOP_K - 1:
            second = int(np.argsort(scores)[-2])
            assert differences(ours, theirs, (second,), (place,), b"s" * 32, 1000).margins[0] == 0.0
            return
    pytest.fail("the border's candidate was never the largest")


def test_distance_is_the_mean_of_twenty_by_hand() -> None:
    logits = [5.0 - i / 4 for i in range(TOP_K)]
    ours = np.array([[(i, round(q * GRID)) for i, q in enumerate(logits)]], dtype=PAIR)
    theirs = ours.copy()
    theirs["q"][0, 0] += GRID
    raised = [6.0, *logits[1:20]]
    lse = [math.log(sum(map(math.exp, side))) for side in (logits[:20], raised)]
    by_hand = sum(abs((a - lse[0]) - (b - lse[1])) for a, b in zip(logits[:20], raised, strict=True)) / 20
    assert differences(ours, theirs, (0,), (0,), b"s" * 32, 0).distances[0] == pytest.approx(by_hand)
    strange = theirs.copy()
    strange["id"] += 500
    found = differences(ours, strange, (500,), (0,), b"s" * 32, 0)
    assert found.distances[0] == MISSING_DISTANCE


@given(st.integers(-(10**6), 10**6))
def test_a_constant_upon_all_logits_is_no_distance(shift: int) -> None:
    claim, _ = answer(1, 11)
    ours = unpack(claim.blob)
    theirs = ours.copy()
    theirs["q"] += shift
    assert differences(ours, theirs, claim.token_ids, (0,), claim.seed, 1000).distances[0] < 1e-9


def test_windows_judge_their_positions_only(calibration: Calibration) -> None:
    claim, reference = answer(128, 5)
    windows = ((16, 16), (96, 16))
    rows = unpack(reference)
    part = rows[[*range(16, 32), *range(96, 112)]].tobytes()
    found = check_recompute_tolerant(claim, part, calibration, windows)
    assert found.passed
    assert (found.positions, found.tokens_checked) == (32, 128)
    assert "32 of 128" in found.sentence
    with pytest.raises(ValueError, match="covers"):
        check_recompute_tolerant(claim, reference, calibration, windows)


def test_one_far_token_is_named(calibration: Calibration) -> None:
    claim, reference = answer(64, 9)
    ids = list(claim.token_ids)
    ids[40] = 299 if ids[40] != 299 else 298
    found = check_recompute_tolerant(
        msgspec.structs.replace(claim, token_ids=tuple(ids)), reference, calibration
    )
    assert not found.passed
    assert found.first_mismatch == 40
    assert "max margin" in found.sentence


@given(st.integers(1, 2000))
def test_limits_fall_with_positions_and_never_below_the_mean(n: int) -> None:
    for limit in (CALIBRATION.mean_margin_limit_ppm, CALIBRATION.mismatch_limit_ppm):
        assert limit(n) >= limit(n + 1)
    assert CALIBRATION.mean_margin_limit_ppm(n) > CALIBRATION.mean_margin_ppm
    assert CALIBRATION.distance_limit_at_ppm(n) >= CALIBRATION.distance_limit_ppm


def test_the_formulas_are_the_documented_ones() -> None:
    one = msgspec.structs.replace(
        CALIBRATION, mean_margin_ppm=5100, margin_deviation_ppm=32000, mismatch_ppm=44000
    )
    assert [round(one.mean_margin_limit_ppm(n) / 1e6, 4) for n in (16, 64, 128, 256)] == [
        0.0451,
        0.0251,
        0.0192,
        0.0151,
    ]
    assert [round(one.mismatch_limit_ppm(n) / 1e6, 3) for n in (64, 128, 256)] == [0.172, 0.135, 0.108]
    assert one.mean_margin_limit_ppm(4) == pytest.approx(4 * one.mean_margin_limit_ppm(16), abs=4)


def test_a_calibration_is_of_its_conditions_worst_and_wants_enough() -> None:
    calm, rough = condition_of("calm", honest(8)), condition_of("rough", honest(8, temperature_milli=700))
    both = calibrate([calm, rough], "a" * 64, "unlike", "c" * 64, "2026-11-26")
    assert both.mean_margin_ppm == max(calm.mean_margin_ppm, rough.mean_margin_ppm)
    assert both.max_margin_ppm >= 1.25 * max(calm.max_margin_ppm, rough.max_margin_ppm) - 1
    assert (both.tokens, both.jobs) == (2048, 16)
    with pytest.raises(TooFewError, match="too few"):
        condition_of("short", honest(7))
    same = condition_of("same", [differences_of_the_same() for _ in range(8)])
    with pytest.raises(TooFewError, match="nothing can be calibrated"):
        calibrate([same], "a" * 64, "unlike", "c" * 64, "2026-11-26")


def differences_of_the_same():  # type: ignore[no-untyped-def]
    claim, _ = answer(128, 1)
    rows = unpack(claim.blob)
    return differences(rows, rows, claim.token_ids, tuple(range(128)), claim.seed, 1000)


def test_the_digest_is_of_everything(calibration: Calibration) -> None:
    assert len(calibration.digest) == 64
    assert msgspec.structs.replace(calibration, date="2026-11-27").digest != calibration.digest
    again = msgspec.json.decode(msgspec.json.encode(calibration), type=Calibration)
    assert again.digest == calibration.digest


def test_abstaining_says_so_and_passes() -> None:
    claim, _ = answer(20, 1)
    found = abstained(claim, "there is no calibration of this model.")
    assert found.passed
    assert (found.mode, found.positions) == ("abstained", 0)
    assert "no calibration" in found.sentence
