"""Who may be left out of a draw as full: by how many attempts of the node had not ended at that moment."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from made_transcripts import NODES, honest

from console.fairness.attempts import DISORDER_MS, Attempts
from console.protocol.transcript import Carried

change = msgspec.structs.replace
TRUE = honest().transcript()


def attempts(limit: int, *ended_ms: int) -> Attempts:
    """Of an epoch into which a node carried attempts that ended then; 0: not yet."""
    policy = change(TRUE.commitment.policy, queue_limit=limit)
    carried = tuple(Carried(NODES[0], at_ms) for at_ms in ended_ms)
    return Attempts(change(TRUE, commitment=change(TRUE.commitment, policy=policy), carried=carried))


def full(known: Attempts, at_ms: int) -> bool:
    return known.bear_out(change(TRUE.draws[0], at_ms=at_ms), NODES[0], "queue_full")


@given(
    st.lists(st.integers(0, 9), max_size=8), st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.integers(0, 8),
)  # fmt: skip
def test_what_had_not_ended_fills_the_queue(ended_ms: list[int], asked_ms: list[int], limit: int) -> None:
    known = attempts(limit, *ended_ms)
    for at_ms in asked_ms:
        waiting = sum(not end or end >= at_ms for end in ended_ms)
        assert full(known, at_ms) is (waiting >= limit)


def test_a_stamp_far_before_the_last_one_fills_no_queue_again() -> None:
    known = attempts(1, 1_000)
    assert full(known, 1_000)
    assert not full(known, 1_001)
    assert full(known, 900), "stamps are not always in the order of the draws"
    assert not full(known, 1_001 + DISORDER_MS)
    assert not full(known, 900)


def test_however_much_was_given_nothing_is_counted_through() -> None:
    known = attempts(1, *range(1, 200_001))
    assert not any(full(known, 200_001) for _ in range(20_000))
