"""Several epochs in a row: each begins where the one before it ended, whatever is left out between them."""

from __future__ import annotations

import msgspec
import pytest
from made_transcripts import Maker, honest

from console.fairness.findings import Finding
from console.fairness.recount import recount

THIRD = honest()
FOURTH = honest(epoch=4, before=THIRD.chain)
FIFTH = honest(epoch=5, before=FOURTH.chain)
EMPTY = honest(jobs=0, epoch=4, before=THIRD.chain)
AFTER_EMPTY = honest(epoch=5, before=THIRD.chain)


def test_epochs_that_follow_on_each_other_pass() -> None:
    found = recount(one.transcript() for one in (THIRD, FOURTH, FIFTH))
    assert (found.findings, found.wrong, found.checked) == ((), 0, 45)
    assert found.epochs == (3, 4, 5)


@pytest.mark.parametrize("made", [(THIRD, FIFTH), (FOURTH, THIRD), (EMPTY, FIFTH), (FOURTH, AFTER_EMPTY)])
def test_an_epoch_that_does_not_follow_on_the_one_before_is_found(made: tuple[Maker, Maker]) -> None:
    found = recount(one.transcript() for one in made)
    assert [(one.code, one.epoch, one.k) for one in found.findings] == [("chain", made[1].epoch, -1)]


def test_an_epoch_without_draws_may_be_left_out() -> None:
    assert recount(one.transcript() for one in (THIRD, AFTER_EMPTY)).findings == ()
    assert recount(one.transcript() for one in (THIRD, EMPTY, AFTER_EMPTY)).findings == ()


def test_what_is_wrong_is_counted_once_however_much_is_found_of_it() -> None:
    places = [(3, 4), (3, 4), (3, -1), (3, -1), (4, 4)]
    findings = tuple(Finding("any", epoch, k, "Any.") for epoch, k in places)
    found = msgspec.structs.replace(recount([THIRD.transcript()]), findings=findings)
    assert found.wrong == 3
