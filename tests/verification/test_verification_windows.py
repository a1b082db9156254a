"""Spot windows: rising, apart, secret, fair; and the exact mode that looks at them only."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisy_answers import answer

from console.verification.commitment import unpack
from console.verification.judge import check_recompute_exact
from console.verification.windows import WINDOW, choose_windows, places

KEY = b"k" * 32


@given(st.integers(1, 3000), st.integers(WINDOW, 300), st.integers(0, 2**64))
def test_windows_rise_lie_apart_and_keep_to_the_budget(tokens: int, budget: int, job: int) -> None:
    windows = choose_windows(KEY, f"{job:x}", tokens, budget)
    covered = places(windows, tokens)
    assert list(covered) == sorted(set(covered))
    if tokens <= budget:
        assert windows == ()
        assert len(covered) == tokens
    else:
        assert 0 < len(covered) <= budget
        assert all(sum(a) < b[0] for a, b in pairwise(windows))


def test_another_key_or_job_draws_others() -> None:
    drawn = choose_windows(KEY, "a", 1000, 64)
    assert drawn == choose_windows(KEY, "a", 1000, 64)
    assert drawn != choose_windows(b"l" * 32, "a", 1000, 64)
    assert drawn != choose_windows(KEY, "b", 1000, 64)


def test_every_block_is_as_likely_as_any_other() -> None:
    """4 of 16 blocks, 2,000 times: each within 5 standard errors of 500."""
    counts: Counter[int] = Counter()
    for job in range(2000):
        counts.update(p // WINDOW for p in places(choose_windows(KEY, str(job), 256, 64), 256) if p % 16 == 0)
    assert len(counts) == 16
    assert all(abs(count - 500) < 5 * (2000 * 0.25 * 0.75) ** 0.5 for count in counts.values())


def test_bad_windows_and_budgets_are_refused() -> None:
    for windows in (((0, 0),), ((5, 4), (8, 4)), ((0, 21),), ((8, 4), (0, 4)), ((-1, 4),)):
        with pytest.raises(ValueError, match="windows must"):
            places(windows, 20)
    with pytest.raises(ValueError, match="less than one window"):
        choose_windows(KEY, "a", 1000, WINDOW - 1)


def test_exact_mode_finds_what_lies_in_a_window_and_says_what_it_gives_up() -> None:
    claim, _ = answer(64, 2)
    rows = unpack(claim.blob).copy()
    rows["q"][20, 3] -= 1
    windows = ((16, 16),)
    inside = check_recompute_exact(claim, rows[16:32].tobytes(), windows)
    assert (inside.mismatches, inside.first_mismatch, inside.positions) == (1, 20, 16)
    outside = check_recompute_exact(claim, rows[32:48].tobytes(), ((32, 16),))
    assert outside.passed
    assert "25 %" in outside.sentence
    with pytest.raises(ValueError, match="covers"):
        check_recompute_exact(claim, rows.tobytes(), windows)
