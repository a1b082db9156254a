"""Amounts as people read them: short, never too large, and to the last digit in books."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ledger.figures import credits, exact_credits


@pytest.mark.parametrize(
    ("nano", "shown"),
    [(0, "0 cr"), (999, "0.999 µcr"), (64_000, "64.0 µcr"), (842_550, "842.5 µcr"), (9_412_500, "9,412 µcr"),
     (84_290_000, "0.0842 cr"), (12_349_999_999, "12.34 cr"), (-640_000, "−640.0 µcr")],
)  # fmt: skip
def test_credits_are_never_shown_larger_than_they_are(nano: int, shown: str) -> None:
    assert credits(nano) == shown


@given(st.integers(-(2**63), 2**63 - 1))
def test_exact_credits_lose_nothing(nano: int) -> None:
    digits = exact_credits(nano).replace(",", "").replace(".", "").replace(" cr", "").replace("−", "-")
    assert int(digits) == nano


@given(st.integers(0, 2**53))
def test_a_sign_is_shown_where_it_is_wanted(nano: int) -> None:
    assert credits(-nano) == ("−" if nano else "") + credits(nano)
    assert credits(nano, sign=True) == ("+" if nano else "") + credits(nano)
