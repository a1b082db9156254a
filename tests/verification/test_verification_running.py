"""Running totals: what no single answer shows, at a false-alarm rate that is kept."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisy_answers import honest_calibration

from console.protocol.types import Statistic
from console.verification.calibration import PPM
from console.verification.judge import Finding
from console.verification.running import DISTANCE_LIMIT_PPM, Totals, add, crossed, distance_tilt, margin_tilt

CALIBRATION = msgspec.structs.replace(
    honest_calibration(), mean_margin_ppm=5000, margin_deviation_ppm=33000, mismatch_ppm=45000,
    mean_distance_ppm=100_000, distance_deviation_ppm=25_000,
)  # fmt: skip
"""Round figures of the size that the starter model has."""

findings = st.builds(
    lambda n, margin, rate, distance: finding(n, margin / 1000, rate / 1000, distance / 1000),
    st.integers(1, 300), st.integers(0, 200), st.integers(0, 500), st.integers(0, 1500),
)  # fmt: skip


def finding(n: int, margin: float, rate: float, distance: float) -> Finding:
    values = (("mean_margin", margin), ("mismatch_rate", rate), ("logprob_distance", distance))
    statistics = tuple(Statistic(name, round(PPM * value), 10 * PPM) for name, value in values)  # type: ignore[arg-type]
    return Finding("recompute_tolerant", n, 0, -1, "", statistics, CALIBRATION.digest, n)


@given(st.lists(findings, max_size=20), st.randoms())
def test_the_plain_sums_do_not_depend_on_the_order(made: list[Finding], shuffle) -> None:  # type: ignore[no-untyped-def]
    other = list(made)
    shuffle.shuffle(other)
    first, second = total(made), total(other)
    for name in ("answers", "positions", "mismatches", "margins_ppm", "distances_ppm"):
        assert getattr(first, name) == getattr(second, name)


@given(st.lists(findings, max_size=20), st.integers(0, 20))
def test_the_state_is_whole_numbers_and_may_be_stored_at_any_point(made: list[Finding], cut: int) -> None:
    half = total(made[:cut])
    assert all(isinstance(value, int) for value in msgspec.structs.astuple(half))
    stored = msgspec.json.decode(msgspec.json.encode(half), type=Totals)
    assert total(made[cut:], stored) == total(made)
    assert half.margin_nats_ppm >= 0 <= half.distance_nats_ppm


def test_a_little_in_every_answer_adds_up_and_is_named() -> None:
    totals, answers = Totals(), 0
    while (found := crossed(totals, CALIBRATION)) is None:
        totals = add(totals, finding(40, 0.011, 0.07, 0.1), CALIBRATION)
        answers += 1
        assert answers < 500
    assert not found.passed
    assert "No single answer" in found.sentence
    assert found.statistics[0].name == "running_margin"
    assert answers > 10


def test_short_answers_with_wrong_logits_add_up() -> None:
    totals = total([finding(4, 0.005, 0.04, 0.3)] * 20)
    found = crossed(totals, CALIBRATION)
    assert found is not None
    assert totals.distance_nats_ppm > DISTANCE_LIMIT_PPM


def test_answers_at_the_honest_mean_never_add_up() -> None:
    assert crossed(total([finding(128, 0.005, 0.045, 0.1)] * 5000), CALIBRATION) is None


def test_other_findings_change_nothing_and_another_calibration_is_refused() -> None:
    exact = Finding("recompute_exact", 10, 0, -1, "")
    assert add(Totals(answers=3), exact, CALIBRATION) == Totals(answers=3)
    with pytest.raises(ValueError, match="another calibration"):
        add(Totals(), msgspec.structs.replace(finding(9, 0, 0, 0), calibration="x"), CALIBRATION)


def test_the_tilt_is_the_root_that_the_false_alarm_rate_rests_on() -> None:
    theta, share, mean = margin_tilt(CALIBRATION), 0.045, 0.005
    expected = 1 - share + share / (1 - theta * mean / share)
    assert math.log(expected) == pytest.approx(theta * 1.5 * mean, abs=1e-9)
    assert distance_tilt(CALIBRATION) == pytest.approx(40)


def test_false_alarms_are_as_rare_as_the_formula_says() -> None:
    """400,000 honest answers of 64 positions at a limit of ln(100,000): at most 1 per 100,000 positions.

    25.6 million positions may bring up to 256 alarms; 3 standard errors more are allowed. The limits in use
    are further out than can be simulated, by the same formula.
    """
    rng = np.random.default_rng(1)
    jobs, n, share, mean = 400_000, 64, 0.045, 0.005
    wrong = rng.binomial(n, share, jobs)
    sums = np.where(wrong > 0, rng.gamma(np.maximum(wrong, 1), mean / share), 0.0)
    steps = margin_tilt(CALIBRATION) * (sums - n * 1.5 * mean)
    level, alarms, limit = 0.0, 0, math.log(100_000)
    for step in steps:
        level = max(0.0, level + float(step))
        if level > limit:
            alarms, level = alarms + 1, 0.0
    assert alarms <= 256 + 3 * 16


def total(made: list[Finding], start: Totals | None = None) -> Totals:
    totals = Totals() if start is None else start
    for one in made:
        totals = add(totals, one, CALIBRATION)
    return totals
