"""What a node could expect of the draws: told for all nodes at once, as it is defined for each."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_transcripts import NODES, honest

from console.fairness import chances
from console.fairness.recount import recount
from console.fairness.shares import Share, shares_of
from console.protocol.ids import NodeId
from console.protocol.transcript import Transcript
from console.protocol.types import Exclusion

change = msgspec.structs.replace
TRUE = honest().transcript()


def share_of(transcript: Transcript, node: str) -> Share:
    """The definition: draw by draw, whether the node could be drawn, and with what chance."""
    places = {root: ids.index(node) for root, ids in transcript.members.items() if node in ids}
    share = Share()
    for draw in transcript.draws:
        place = places.get(draw.ticket.roster_root, -1)
        if not draw.node or place < 0 or any(one.index == place for one in draw.excluded):
            continue
        chance = 1 / max(1, chances(draw.ticket))
        share = share.plus(Share(1, int(draw.node == node), chance, chance * (1 - chance)))
    return share


def told(share: Share) -> tuple[object, ...]:
    return share.draws, share.won, pytest.approx(share.expected), pytest.approx(share.variance)


def test_shares_count_the_draws_in_which_a_node_could_be_drawn() -> None:
    shares = shares_of(TRUE)
    assert set(shares) == set(NODES)
    assert sum(share.won for share in shares.values()) == len(TRUE.draws)
    assert sum(share.expected for share in shares.values()) == pytest.approx(len(TRUE.draws))
    assert sum(share.draws for share in shares.values()) == 7 * 12 + 6 * 3


def test_a_node_that_could_never_be_drawn_could_expect_nothing() -> None:
    nobody = tuple(change(draw, excluded=(Exclusion(0, "x"),)) for draw in TRUE.draws)
    share = next(one for one in recount([change(TRUE, draws=nobody)]).nodes if one.id == NODES[0])
    assert (share.draws, share.won, share.expected_milli, share.variance_milli) == (0, 0, 0, 0)
    assert share.band95 == (0.0, 0.0)


@given(st.data())
def test_all_at_once_they_are_as_the_definition_has_them(data: st.DataObject) -> None:
    places = st.lists(st.integers(-2, 8).map(lambda index: Exclusion(index, "x")), max_size=4).map(tuple)
    members = data.draw(st.lists(st.sampled_from(NODES), max_size=9).map(tuple))
    root = TRUE.draws[0].ticket.roster_root
    draws = tuple(
        change(
            draw,
            ticket=change(draw.ticket, chances=data.draw(st.integers(-1, 9)), roster_root=one),
            excluded=data.draw(places),
            node=data.draw(st.sampled_from((*NODES, NodeId("")))),
        )
        for draw in TRUE.draws[:6]
        for one in (root, "another")
    )
    hostile = change(TRUE, draws=draws, members={root: members, "empty": ()})
    for node, share in shares_of(hostile).items():
        assert told(share) == told(share_of(hostile, node))
    assert set(shares_of(hostile)) == set(members)
