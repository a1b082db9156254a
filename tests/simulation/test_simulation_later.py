"""The later half of the histories, in a file of its own so that another worker plays it."""

from __future__ import annotations

import pytest

from simulation.stretches import LATE, check


@pytest.mark.parametrize("first", LATE)
def test_every_invariant_holds_in_every_later_history(first: int) -> None:
    check(first)
