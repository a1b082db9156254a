"""The audit rate that makes cheating unprofitable."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ledger import deterrent_ppm
from console.protocol.types import Policy

PPM = 1_000_000
ppm = st.integers(1, PPM)


@given(ppm, ppm, st.integers(1, 10**9), st.integers(0, 10**12), st.integers(0, 100))
def test_at_that_rate_a_cheat_loses_what_it_saves_and_just_below_it_gains(
    saving: int, detection: int, reward: int, held: int, multiple: int
) -> None:
    policy = Policy(saving_ppm=saving, detection_ppm=detection, penalty_multiple=multiple)
    rate = deterrent_ppm(policy, reward, held)
    penalty = min(multiple * reward, held)

    def gain(a_ppm: int) -> Fraction:
        found = Fraction(a_ppm, PPM) * Fraction(detection, PPM)
        return Fraction(saving, PPM) * reward - found * (reward + penalty)

    assert rate == PPM or gain(rate) <= 0
    assert rate == 0 or gain(rate - 1) > 0


@given(st.integers(1, 10**9), st.integers(0, 10**12), st.integers(0, 10**12))
def test_more_bond_never_asks_for_more_audits(reward: int, held: int, more: int) -> None:
    assert deterrent_ppm(Policy(), reward, held + more) <= deterrent_ppm(Policy(), reward, held)


@pytest.mark.parametrize(
    ("saving", "multiple", "expected"), [(0.6, 1, 0.30), (0.6, 5, 0.10), (0.6, 10, 0.055), (1.0, 20, 0.0481)]
)
def test_figures_of_the_published_table(saving: float, multiple: int, expected: float) -> None:
    policy = Policy(saving_ppm=round(saving * PPM), penalty_multiple=multiple)
    assert deterrent_ppm(policy, 1000, 10**9) / PPM == pytest.approx(expected, rel=0.02)


def test_the_default_rate_deters_every_answer_of_the_default_bond_up_to_2000_tokens() -> None:
    policy = Policy()
    assert deterrent_ppm(policy, 2000 * policy.node_rate, policy.bond_target) <= policy.audit_ppm
    assert deterrent_ppm(policy, 4000 * policy.node_rate, policy.bond_target) > policy.audit_ppm


def test_a_node_without_bond_is_audited_always_and_an_answer_that_earns_nothing_never() -> None:
    assert deterrent_ppm(Policy(), 1000, 0) == PPM
    assert deterrent_ppm(Policy(), 0, 0) == 0
    assert deterrent_ppm(msgspec.structs.replace(Policy(), detection_ppm=0), 1000, 10**9) == PPM
