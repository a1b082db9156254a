"""The network's limits: counted as the network counts, with a warning before one is reached, once."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from console.agent.board import Board
from console.agent.daybook.limits import limits
from console.agent.daybook.watch import LimitWatch
from console.agent.journal import Journal
from console.protocol.reasons import reason
from console.protocol.types import Policy

HOUR_MS = 3_600_000
NOW = 1_763_820_000_000
POLICY = Policy(suspend_after=3, suspend_window_s=3600, suspend_s=3600)
FINE = reason("no_demand")


@given(st.lists(st.integers(NOW - 3 * HOUR_MS, NOW), max_size=8), st.integers(1, 5))
def test_a_limit_is_near_exactly_when_one_more_reaches_it(rejected: list[int], after: int) -> None:
    policy = Policy(suspend_after=after, suspend_window_s=3600)
    [view] = limits(policy, rejected, NOW)
    [more] = limits(policy, [*rejected, NOW], NOW)
    counting = [at for at in rejected if at >= NOW - HOUR_MS]
    assert view.seen == len(counting)
    assert (view.level == "reached") == (view.seen >= after)
    if view.seen:
        assert (view.level == "near") == (view.level != "reached" and more.level == "reached")
    assert view.eases_ms == (min(counting) + HOUR_MS if counting else 0)


def test_it_says_what_happens_and_what_to_do() -> None:
    [calm] = limits(POLICY, [], NOW)
    assert (calm.title, calm.sentence) == (
        "Rejected within 1 h",
        "3 rejected answers suspend the node for 1 h.",
    )
    [near] = limits(POLICY, [NOW, NOW - 5], NOW)
    assert near.sentence.startswith("One more rejected answer suspends the node for 1 h. Pause it")


def test_without_a_known_policy_nothing_is_said_and_a_network_without_the_rule_has_no_limit() -> None:
    assert limits(None, [NOW], NOW) == ()
    assert limits(Policy(suspend_after=0), [NOW], NOW) == ()


def test_after_a_suspension_the_network_counts_anew() -> None:
    [view] = limits(POLICY, [NOW - 10, NOW - 5, NOW], NOW, counted_from_ms=NOW - 4)
    assert view.seen == 1


def test_the_operator_is_called_once_when_a_limit_comes_near(tmp_path: Path) -> None:
    board = Board(lambda: NOW)
    watch = LimitWatch(Journal(tmp_path, b"k" * 32), board)
    watch.look(NOW, POLICY, FINE)
    watch.rejected(NOW - 2)
    watch.look(NOW, POLICY, FINE)
    assert not board.state.notes
    watch.rejected(NOW - 1)
    for _ in range(3):
        watch.look(NOW, POLICY, FINE)
    [note] = board.state.notes
    assert (note.level, note.calls) == ("warning", True)
    assert note.text.startswith("2 of 3 answers rejected within 1 h. One more")
    watch.rejected(NOW)
    watch.look(NOW, POLICY, FINE)
    assert [view.level for view in board.state.limits] == ["reached"]
    watch.look(NOW + HOUR_MS - 1, POLICY, FINE)
    assert [view.level for view in board.state.limits] == ["near"]
    assert len(board.state.notes) == 1, "easing is no warning"
    watch.look(NOW + 2 * HOUR_MS, POLICY, FINE)
    assert [(view.level, view.seen) for view in board.state.limits] == [("calm", 0)]
