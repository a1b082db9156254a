"""Answers and recomputations on a bare decoder: together as alone, and twice the same candidates."""

from __future__ import annotations

import pytest
from doubles.decoder_double import END, ToyDecoder

from console.engine.answering import Asked, answer_together, honest_pick, recompute
from console.verification.commitment import unpack

ENDS = frozenset({END})
ASKED = [Asked(tuple(range(3 + i, 40 + 9 * i)), bytes([i]) * 32, 1000, 24) for i in range(3)]


def test_answers_made_together_are_those_made_alone() -> None:
    together = answer_together(ToyDecoder(), ASKED, ENDS)
    alone = [answer_together(ToyDecoder(), [one], ENDS)[0] for one in ASKED]
    assert together == alone
    assert all(len(one.token_ids) == 24 or one.token_ids[-1] == END for one in together)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_recompute_gives_the_candidates_that_were_committed(number: int) -> None:
    (one,) = answer_together(ToyDecoder(), [ASKED[number]], ENDS)
    assert recompute(ToyDecoder(), one.asked.prompt_ids, one.token_ids) == one.blob
    rows = unpack(one.blob)
    assert all(honest_pick(row, one.asked, t) == one.token_ids[t] for t, row in enumerate(rows))


def test_another_pick_is_what_is_sent() -> None:
    (one,) = answer_together(ToyDecoder(), [ASKED[0]], ENDS, lambda row, asked, t: int(row["id"][0]))
    assert list(one.token_ids) == [int(row["id"][0]) for row in unpack(one.blob)]
