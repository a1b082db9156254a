"""What verifying took, and how the second verifier is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.coordinator.audits.meter import Meter
from console.coordinator.audits.questions import rows_of, shifted
from console.engine.port import ScoreRequest
from console.verification.windows import choose_windows, places


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 1000)), min_size=1, max_size=60))
def test_shares_add_up_to_the_time_in_which_there_was_work(steps: list[tuple[int, int]]) -> None:
    meter, now_ms, open_, told, busy_ms = Meter(), 0, set[str](), 0, 0
    for number, wait_ms in steps:
        busy_ms += wait_ms if open_ else 0
        now_ms += wait_ms
        name = str(number)
        if name in open_:
            open_.remove(name)
            told += meter.end(name, now_ms / 1000)
        else:
            open_.add(name)
            meter.begin(name, now_ms / 1000)
    told += sum(meter.end(name, now_ms / 1000) for name in open_)
    assert told == pytest.approx(busy_ms, abs=len(steps))


@given(st.integers(1, 40), st.integers(1, 300), st.integers(16, 64), st.booleans())
def test_a_shifted_question_is_the_same_one_after_its_first_positions(
    prompt: int, answer: int, budget: int, whole: bool
) -> None:
    windows = () if whole else choose_windows(b"key", "job", answer, budget)
    asked = ScoreRequest("a", tuple(range(prompt)), tuple(range(1000, 1000 + answer)), windows)
    other, extra = shifted(asked, "b")
    assert other.prompt_ids + other.completion_ids == asked.prompt_ids + asked.completion_ids
    assert other.prompt_ids and extra == min(13, prompt - 1)
    at = places(other.windows, len(other.completion_ids))
    assert [t - extra for t in at[extra:]] == list(places(windows, answer))
    assert all(b[0] > sum(a) for a, b in zip(other.windows, other.windows[1:], strict=False))
    assert rows_of(other) == rows_of(asked)
