"""The listing: slots, exclusions remembered until something changes, and shares that add up."""

from __future__ import annotations

import hashlib
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.coordinator.rosters.listing import Listing, Look
from console.coordinator.rosters.rosters import Candidate, Rules, exclusion, left_out_code
from console.protocol.ids import GroupId, NodeId
from console.protocol.types import ModelOffer, Policy

OFFER = ModelOffer(GroupId("aa" * 32), "toy", "class", 2048, 5000, 1)
NODES = tuple(sorted(NodeId(hashlib.sha256(bytes([n])).hexdigest()) for n in range(6)))
change = msgspec.structs.replace


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.s = 100.0
        self.wall_ms = 1_000_000

    def now_ms(self) -> int:
        return self.wall_ms

    def tick_s(self) -> float:
        return self.s


class Crowd:
    """Nodes as a registry has them; `looks` counts how often one was looked at."""

    def __init__(self) -> None:
        self.nodes = {node: Candidate(node, OFFER, True, True, "", 0, None) for node in NODES}
        self.clock = Clock()
        self.rules = Rules(Policy(), "class")
        self.looks: Counter[NodeId] = Counter()
        look = Look(lambda: self.nodes.values(), self.one, self.nodes.__contains__, self.rules_for)
        self.listing = Listing(look, self.clock, 2)

    def one(self, node: NodeId) -> Candidate | None:
        self.looks[node] += 1
        return self.nodes.get(node)

    def rules_for(self, context: int) -> Rules:
        return change(self.rules, context=context)

    def next_slot(self) -> None:
        self.clock.s += 2

    def put(self, node: NodeId, **changes: object) -> None:
        self.nodes[node] = change(self.nodes[node], **changes)
        self.listing.changed()


def test_a_roster_holds_for_its_slot_and_who_comes_waits_for_the_next() -> None:
    crowd = Crowd()
    late = crowd.nodes.pop(NODES[2])
    first = crowd.listing.now()
    crowd.nodes[NODES[2]] = late
    crowd.listing.changed()
    assert crowd.listing.now() == first
    crowd.next_slot()
    second = crowd.listing.now()
    assert (second.slot, second.ids) == (first.slot + 1, NODES)


def test_the_same_nodes_in_another_slot_need_no_new_tree() -> None:
    crowd = Crowd()
    tree = crowd.listing.now().tree
    crowd.next_slot()
    assert crowd.listing.now().tree is tree


def test_an_empty_roster_is_made_anew_at_once() -> None:
    crowd = Crowd()
    kept, crowd.nodes = crowd.nodes, {}
    assert crowd.listing.now().ids == ()
    crowd.nodes = kept
    assert crowd.listing.now().ids == NODES


def test_a_wall_clock_that_is_set_back_gives_no_slot_twice() -> None:
    crowd = Crowd()
    seen = [crowd.listing.now().slot]
    for step_ms in (-900_000, 900_000, -1):
        crowd.clock.wall_ms += step_ms
        crowd.next_slot()
        seen.append(crowd.listing.now().slot)
    assert seen == sorted(set(seen))
    crowd.listing.begin(seen[-1] + 40)
    crowd.next_slot()
    assert crowd.listing.now().slot > seen[-1] + 40


def test_a_coordinator_that_starts_anew_at_once_shows_no_slot_again_that_it_signed_no_roster_of() -> None:
    before, after = Crowd(), Crowd()
    shown = before.listing.now().slot
    after.listing.begin(-1)
    assert after.listing.now().slot > before.clock.now_ms() // 2000
    after.listing.begin(shown)
    assert after.listing.now().slot > shown


def test_who_cannot_be_drawn_is_left_out_with_a_public_code() -> None:
    crowd = Crowd()
    crowd.listing.now()
    crowd.put(NODES[0], ready=False, reason="paused")
    crowd.put(NODES[1], open_jobs=8)
    crowd.put(NODES[2], offer=change(OFFER, context=100))
    del crowd.nodes[NODES[3]]
    crowd.listing.changed()
    found = crowd.listing.eligible(500, frozenset({NODES[4]}))
    codes = [(one.index, one.code) for one in found.excluded]
    assert codes == [(0, "paused"), (1, "queue_full"), (2, "context"), (3, "heartbeat"), (4, "tried")]
    assert (found.ids, found.chances) == ((NODES[5],), 1)
    assert crowd.listing.eligible(50).ids == (NODES[2], NODES[4], NODES[5])


def test_nobody_is_looked_at_again_until_something_changed() -> None:
    crowd = Crowd()
    crowd.listing.eligible(10)
    before = crowd.looks.total()
    for _ in range(50):
        crowd.listing.drawn(crowd.listing.eligible(10), NODES[0])
    assert crowd.looks.total() == before
    crowd.rules = change(crowd.rules, profile="another class")
    assert crowd.listing.eligible(10).chances == 0


def test_each_job_has_a_need_of_its_own_and_none_costs_a_look() -> None:
    crowd = Crowd()
    for node, context in zip(NODES, (300, 300, 500, 500, 900, 900), strict=True):
        crowd.nodes[node] = change(crowd.nodes[node], offer=change(OFFER, context=context))
    crowd.nodes[NODES[5]] = change(crowd.nodes[NODES[5]], open_jobs=8)
    assert crowd.listing.eligible(1).chances == 5
    before = crowd.looks.total()
    for need in range(2, 1000):
        found = crowd.listing.eligible(need)
        whys = [exclusion(candidate, crowd.rules_for(need)) for candidate in crowd.nodes.values()]
        plain = {place: left_out_code(why) for place, why in enumerate(whys) if why is not None}
        assert {one.index: one.code for one in found.excluded} == plain
    assert crowd.looks.total() == before


def test_nodes_of_other_contexts_make_other_classes_of_need() -> None:
    crowd = Crowd()
    assert crowd.listing.eligible(500).chances == 6
    crowd.put(NODES[0], offer=change(OFFER, context=400))
    assert [crowd.listing.eligible(need).chances for need in (400, 401, 500, 2048, 2049)] == [6, 5, 5, 5, 0]
    crowd.put(NODES[0], offer=None)
    assert [one.code for one in crowd.listing.eligible(401).excluded] == ["model"]


STEPS = st.tuples(
    st.integers(0, 5), st.sampled_from(["ticket", "draw", "pause", "resume", "slot", "leave", "back"])
)


@settings(max_examples=60)
@given(st.lists(STEPS))
def test_shares_are_those_of_counting_every_draw_by_itself(steps: list[tuple[int, str]]) -> None:
    crowd, plain = Crowd(), {node: [0, 0, 0.0, 0.0] for node in NODES}
    found = crowd.listing.eligible(10)
    for number, what in steps:
        node = NODES[number]
        if what == "ticket":  # its draw may come when other nodes are listed: a client takes its time
            found = crowd.listing.eligible(10)
        elif what == "draw" and found.chances:
            winner = found.ids[number % found.chances]
            crowd.listing.drawn(found, winner)
            chance = 1 / found.chances
            for one in found.ids:
                more = 1, one == winner, chance, chance * (1 - chance)
                plain[one] = [have + add for have, add in zip(plain[one], more, strict=True)]
        elif what in ("pause", "resume") and node in crowd.nodes:
            crowd.put(node, ready=what == "resume", reason="paused")
        elif what == "slot":
            crowd.next_slot()
            crowd.listing.now()
        elif what == "leave" and node in crowd.nodes:
            del crowd.nodes[node]
            crowd.listing.forget(node)
            plain[node] = [0, 0, 0.0, 0.0]
        elif what == "back" and node not in crowd.nodes:
            crowd.nodes[node] = Candidate(node, OFFER, True, True, "", 0, None)
            crowd.listing.forget(node)
            plain[node] = [0, 0, 0.0, 0.0]
    for node in crowd.nodes:
        share = crowd.listing.share(node)
        assert [share.draws, share.won, share.expected, share.variance] == pytest.approx(plain[node])
