"""Which mode is used: never silently exact, never tolerant without figures."""

from __future__ import annotations

import msgspec
from noisy_answers import honest_calibration

from console.verification.calibration import UNLIKE
from console.verification.comparison import comparison
from console.verification.profiles import Profile

OURS = Profile("0.3.36", "AVX512 = 1", "cpu", self_test=True)
THEIRS = Profile("0.3.36", "AVX2 = 1", "cpu", self_test=True)
MODEL = "a" * 64
ANY = msgspec.structs.replace(honest_calibration(), verifier=OURS.class_id, node=UNLIKE)


def test_the_same_class_is_exact_whatever_is_calibrated() -> None:
    assert comparison(OURS.class_id, OURS, MODEL, ()).mode == "exact"
    assert comparison(OURS.class_id, OURS, MODEL, (ANY,)).mode == "exact"


def test_a_failed_self_test_or_inexact_weights_are_never_exact() -> None:
    failed = msgspec.structs.replace(OURS, self_test=False)
    assert comparison(failed.class_id, failed, MODEL, ()).mode == "abstain"
    assert comparison(OURS.class_id, OURS, MODEL, (), exact_weights=False).mode == "abstain"
    assert comparison(OURS.class_id, OURS, MODEL, (ANY,), exact_weights=False).mode == "tolerant"


def test_another_class_is_tolerant_by_the_nearest_calibration_or_abstained_from() -> None:
    pair = msgspec.structs.replace(ANY, node=THEIRS.class_id, max_margin_ppm=1)
    found = comparison(THEIRS.class_id, OURS, MODEL, (ANY, pair))
    assert (found.mode, found.calibration) == ("tolerant", pair)
    assert comparison(THEIRS.class_id, OURS, MODEL, (ANY,)).calibration == ANY
    assert comparison("0" * 64, OURS, MODEL, (pair,)).mode == "abstain"
    nothing = comparison(THEIRS.class_id, OURS, MODEL, ())
    assert nothing.mode == "abstain"
    assert "No calibration" in nothing.sentence


def test_calibrations_of_other_models_or_verifiers_do_not_count() -> None:
    assert comparison(THEIRS.class_id, OURS, "b" * 64, (ANY,)).mode == "abstain"
    assert comparison(OURS.class_id, THEIRS, MODEL, (ANY,)).mode == "abstain"
