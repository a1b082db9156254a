"""The fairness bench: no job is lost, queues are as theory has them, and each rule does as it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
from benches import fairness
from benches.__main__ import main
from benches.cells import RULES, Rule, play
from benches.fairness import HALVES, LAPTOP
from benches.listing import Draw, Listing
from benches.queues import REFUSED, Outcome, idle_draws, live_draws, pull_queue
from benches.shares import most_by_chance, served_rate, shares
from benches.traffic import UNIT_S, Group, Traffic, traffic
from hypothesis import given, settings
from hypothesis import strategies as st

from console.coordinator.rosters.rosters import SlotRoster, roster_ids
from console.fairness import pick, roster_of
from console.protocol.types import Policy

ENDLESS = 1 << 31
rules = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def group(*tokens_per_s: int, limit: int = 8, least: int = 1) -> Group:
    policy = Policy(queue_limit=limit, min_milli_tokens_per_s=1000 * least)
    return Group("some", tuple(1000 * one for one in tokens_per_s), 1, policy)


def jobs(*at_and_work: tuple[float, float]) -> Traffic:
    at, work = zip(*at_and_work, strict=True)
    return Traffic(list(at), list(work), 0, (1,))


def apart(seen: Traffic) -> Traffic:
    """The same jobs, each in a slot of its own: a thousand times later, and a thousand times longer."""
    return Traffic([1e3 * at for at in seen.at], [1e3 * work for work in seen.work], seen.warm_up, seen.seed)


def present(outcome: Outcome, at: float, before: int) -> list[int]:
    """Nodes of the jobs that came before number `before` and are not done at `at`."""
    nodes, ends = outcome.node[:before], outcome.end[:before]
    return [int(node) for node in nodes[(nodes != REFUSED) & (ends > at)]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 4), st.floats(0.2, 3), st.integers()
)
@pytest.mark.parametrize("name", RULES)
def test_every_job_is_served_once_or_refused_and_no_node_does_two_at_a_time(
    name: str, speeds: list[int], limit: int, load: float, number: int
) -> None:
    nodes = group(*speeds, limit=limit)
    seen = traffic(load * nodes.whole_rate, 200, (abs(number),))
    outcome = RULES[name](nodes, seen)
    assert len(outcome.node) == len(seen.at)
    served = outcome.node != REFUSED
    assert np.isnan(outcome.end[~served]).all()
    assert (outcome.start[served] >= np.array(seen.at)[served]).all()
    took = np.array(seen.work)[served] / np.array(nodes.rates)[outcome.node[served]]
    assert outcome.end[served] - outcome.start[served] == pytest.approx(took)
    for node in range(len(nodes)):
        own = np.sort(outcome.start[outcome.node == node])
        ends = np.sort(outcome.end[outcome.node == node])
        assert (own[1:] >= ends[:-1] - 1e-9).all()


@pytest.mark.parametrize("rule", [idle_draws, pull_queue])
def test_a_job_is_refused_only_when_every_place_is_taken(rule: Rule) -> None:
    nodes = group(4, 2, 2, 1, limit=2, least=2)
    seen = traffic(3 * nodes.whole_rate, 400, (2,))
    outcome = rule(nodes, seen)
    refused = 0
    for job, at in enumerate(seen.at):
        inside = len(present(outcome, at, job))
        assert inside <= 6
        assert (outcome.node[job] == REFUSED) == (inside == 6)
        refused += outcome.node[job] == REFUSED
    assert refused > 100


def test_a_live_draw_is_refused_only_when_the_slots_whole_roster_is_full() -> None:
    """With slots so short that each job has its own, that is when every place is taken."""
    nodes = group(4, 2, 2, 1, limit=2, least=2)
    seen = traffic(3 * nodes.whole_rate, 400, (2,))
    outcome = live_draws(nodes, apart(seen))
    refused = 0
    for job, at in enumerate(apart(seen).at):
        inside = len(present(outcome, at, job))
        assert (outcome.node[job] == REFUSED) == (inside == 6)
        refused += outcome.node[job] == REFUSED
    assert refused > 100


def test_no_live_node_has_more_than_its_limit() -> None:
    nodes = group(4, 1, 1, limit=3)
    seen = traffic(2 * nodes.whole_rate, 400, (3,))
    outcome = live_draws(nodes, seen)
    most = [0, 0, 0]
    for job, at in enumerate(seen.at):
        held = present(outcome, at, job + 1)
        most = [max(most[node], held.count(node)) for node in range(3)]
    assert most == [3, 3, 3]


@rules
def test_one_node_waits_as_long_as_theory_says(rule: Rule) -> None:
    """M/M/1 at 0.6: a job waits ρ/(1−ρ) = 1.5 on average; M/D/1 half of that (Pollaczek and Khinchine)."""
    alone = group(1, limit=ENDLESS)
    for equal, known in ((False, 1.5), (True, 0.75)):
        seen = traffic(0.6, 60_000, (4,), equal=equal)
        wait = (rule(alone, seen).start - np.array(seen.at))[seen.warm_up :]
        assert float(wait.mean()) == pytest.approx(known, rel=0.06)


def test_one_node_refuses_as_many_as_theory_says() -> None:
    """M/M/1 with 3 places at ρ = 0.8: (1−ρ)ρ³/(1−ρ⁴) find it full."""
    alone = group(1, limit=3)
    found = shares(alone, seen := traffic(0.8, 40_000, (5,)), live_draws(alone, seen))
    assert found.refused == pytest.approx(100 * 0.2 * 0.8**3 / (1 - 0.8**4), rel=0.05)


def test_idle_draws_and_pull_queues_give_the_share_of_the_mean_field() -> None:
    """With many nodes, each idle one is drawn at a rate r: 50 r/(1+r/4) + 50 r/(1+r) is what comes."""
    for load in (10, 50, 95):
        rate = load / 100 * HALVES.whole_rate
        low, high = 0.0, 1e4
        for _ in range(200):
            r = (low + high) / 2
            low, high = (r, high) if 50 * r / (1 + r / 4) + 50 * r / (1 + r) < rate else (low, r)
        known = 100 * 50 * r / (1 + r / 4) / rate
        seen = traffic(rate, 40_000, (6, load))
        for rule in (idle_draws, pull_queue):
            assert shares(HALVES, seen, rule(HALVES, seen)).fast == pytest.approx(known, abs=0.75)


def test_a_queue_limit_tilts_live_draws_as_far_as_theory_says() -> None:
    """A listed node is drawn at a rate r; an M/M/1 of 8 places is full for (1−ρ)ρ⁸/(1−ρ⁹) of the time."""

    def given(r: float) -> tuple[float, float]:
        fast, slow = (r * (1 - (1 - load) * load**8 / (1 - load**9)) for load in (r / 4, r))
        return 50 * fast, 50 * slow

    low, high = 0.5, 0.999
    for _ in range(60):
        r = (low + high) / 2
        low, high = (r, high) if sum(given(r)) < 80 else (low, r)
    known = 100 * given(r)[0] / 80
    assert known == pytest.approx(51.1, abs=0.05)
    assert play(HALVES, "live", 80, 60_000, (18,)).shares.fast == pytest.approx(known, abs=0.5)


def test_without_a_limit_live_draws_are_blind_to_speed_and_load() -> None:
    """The very same jobs fall to the very same nodes, whatever these can do."""
    seen = traffic(0.9 * HALVES.even_rate, 3000, (7,))
    unequal = msgspec.structs.replace(Policy(), queue_limit=ENDLESS)
    one = live_draws(Group("a", HALVES.milli_tokens_per_s, 50, unequal), seen)
    other = live_draws(Group("b", (1000,) * 100, 50, unequal), seen)
    assert (one.node == other.node).all()
    assert set(one.node.tolist()) == set(range(100))


def test_each_live_draw_is_the_products_pick() -> None:
    nodes = group(1, 1, 1, 1, 1)
    ids = tuple(node.node for node in nodes.nodes)
    listing, draw = Listing(nodes), Draw((8,))
    root = roster_of(ids).root
    assert [listing.draw(draw, k) for k in range(50)] == [draw.index(k, root, 5) for k in range(50)]
    seed = hashlib.sha256(b"(8,)").hexdigest()
    assert listing.draw(draw, 3) == pick(seed, "00" * 16, f"{3:032x}", root, 5, 1).index


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=60))
def test_the_roster_is_what_the_coordinators_rules_give(moves: list[tuple[int, bool]]) -> None:
    nodes = group(4, 2, 1, 1, 5, limit=2, least=2)
    listing, held = Listing(nodes), [0] * 5
    for slot, (node, more) in enumerate(moves):
        if more or held[node]:
            held[node] += 1 if more else -1
            listing.moved(node, 1 if more else -1)
        listing.make(slot)
        now = [
            msgspec.structs.replace(one, open_jobs=count)
            for one, count in zip(nodes.nodes, held, strict=True)
        ]
        assert listing.listed == SlotRoster(slot, roster_ids(now, nodes.rules))


def test_a_queue_that_gets_room_within_a_slot_is_drawn_from_at_once() -> None:
    """Who is full when a slot begins stands in its roster, and is left out for as long as it is full."""
    slot = 2 / UNIT_S
    nodes = group(1, 1, limit=1)
    told = jobs((0.0, 1.2 * slot), (0.1 * slot, 1.3 * slot), (1.3 * slot, 9.0), (1.5 * slot, 9.0))
    first, second, third, fourth = live_draws(nodes, told).node.tolist()
    assert {first, second} == {0, 1}
    assert (third, fourth) == (first, second)


def test_a_full_queue_leaves_the_draw_and_its_expectation() -> None:
    """Two nodes, one place each: the second job falls to the other, without any luck."""
    nodes = group(1, 1, limit=1)
    outcome = live_draws(nodes, jobs((0.0, 5.0), (1.0, 5.0), (2.0, 5.0)))
    first, second, third = outcome.node.tolist()
    assert {first, second} == {0, 1}
    assert third == REFUSED
    assert outcome.odds is not None
    assert outcome.odds.expected[first] == pytest.approx(0.5)
    assert outcome.odds.expected[second] == pytest.approx(1.5)
    assert outcome.odds.variance.tolist() == pytest.approx([0.25, 0.25])


def test_a_node_below_the_minimum_speed_gets_nothing_under_any_rule() -> None:
    nodes = group(4, 2, 1, least=2)
    assert nodes.listed == (0, 1)
    assert nodes.even_rate == 4
    for rule in RULES.values():
        seen = traffic(3.0, 300, (9,))
        assert set(rule(nodes, seen).node.tolist()) <= {0, 1, REFUSED}


def test_idle_draws_never_let_a_job_wait_beside_an_idle_node() -> None:
    nodes = group(4, 1, 1, limit=ENDLESS)
    for rule in (idle_draws, pull_queue):
        seen = traffic(0.7 * nodes.whole_rate, 400, (10,))
        outcome = rule(nodes, seen)
        for job, at in enumerate(seen.at):
            if outcome.start[job] > at:
                assert len(set(present(outcome, at, job))) == 3


def test_in_a_pull_queue_the_node_that_asked_first_takes_the_next_job() -> None:
    nodes = group(1, 1, 1)
    told = jobs((0.0, 1.0), (0.1, 0.1), (0.2, 9.0), (2.0, 1.0), (3.5, 1.0))
    assert pull_queue(nodes, told).node.tolist() == [0, 1, 2, 1, 0]


def test_a_full_pull_queue_serves_in_the_order_of_arrival() -> None:
    nodes = group(2, 1)
    outcome = pull_queue(nodes, jobs((0.0, 1.0), (0.0, 1.0), (0.1, 1.0), (0.2, 1.0)))
    assert outcome.node.tolist() == [0, 1, 0, 0]
    assert outcome.start.tolist() == pytest.approx([0.0, 0.0, 0.5, 1.0])


@rules
def test_a_seed_gives_the_same_outcome_again_and_another_another(rule: Rule) -> None:
    def nodes_of(seed: int) -> list[int]:
        return [int(node) for node in rule(HALVES, traffic(80, 500, (seed,))).node]

    assert nodes_of(11) == nodes_of(11)
    assert nodes_of(11) != nodes_of(12)


def test_flooded_nodes_all_work_all_the_time_under_every_rule() -> None:
    for rule in RULES.values():
        flood = traffic(2 * LAPTOP.whole_rate, 10_000, (13,))
        assert served_rate(flood, rule(LAPTOP, flood)) == pytest.approx(LAPTOP.whole_rate, rel=0.05)


def test_shares_are_those_of_the_counted_jobs() -> None:
    nodes = group(1, 1)
    outcome = Outcome(
        np.array([0, 0, 1, 0, REFUSED]),
        np.array([0.0, 1.0, 2.0, 5.0, np.nan]),
        np.array([1.0, 2.0, 3.0, 6.0, np.nan]),
    )
    found = shares(nodes, Traffic([0.0, 1.0, 2.0, 3.0, 4.0], [1.0] * 5, 1, (1,)), outcome)
    assert found.served == 3
    assert found.fast == pytest.approx(200 / 3)
    assert found.refused == pytest.approx(25)
    assert [found.least, found.most] == pytest.approx([2 / 3, 4 / 3])
    assert found.even.fast_off == pytest.approx(100 / 6)
    assert found.wait_p50 == 0
    assert found.rosters is None


def test_rosters_promise_as_many_wins_as_jobs_were_counted() -> None:
    nodes = group(4, 1, 1, limit=2)
    seen = traffic(0.9 * nodes.whole_rate, 400, (16,))
    outcome = live_draws(nodes, seen)
    served = int(np.count_nonzero(outcome.node[seen.warm_up :] != REFUSED))
    assert outcome.odds is not None
    assert outcome.odds.expected.sum() == pytest.approx(served)
    assert outcome.odds.expected_fast == pytest.approx(outcome.odds.expected[0])
    assert outcome.odds.variance_fast == pytest.approx(outcome.odds.variance[0])


def test_chance_leaves_few_nodes_outside_and_a_tilt_many() -> None:
    assert most_by_chance(100) == 9
    assert most_by_chance(20) == 3
    fair = play(HALVES, "live", 10, 20_000, (14,)).shares
    tilted = play(HALVES, "idle", 95, 20_000, (14,)).shares
    assert fair.even.outside <= most_by_chance(100) < tilted.even.outside


def test_goals_are_set_to_even_shares_up_to_95_percent_and_to_the_rosters_always() -> None:
    def told(rule: str, load: int) -> dict[str, float]:
        rows = play(HALVES, rule, load, 1000, (15,)).rows()
        return {row.name.rpartition(": ")[2]: row.goal for row in rows if row.goal is not None}

    even = {"an even share, fast nodes off", "an even share, nodes outside their band"}
    rosters = {
        "what the rosters promised, fast nodes off",
        "what the rosters promised, nodes outside their band",
    }
    assert set(told("live", 95)) == even | rosters
    assert set(told("live", 120)) == rosters
    assert told("idle", 95) == {}


def test_the_bench_runs_by_name_and_leaves_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fairness", "--jobs", "200", "--only", "mixes,speeds", "--keep", str(tmp_path)]) == 0
    assert "fast nodes' share" in capsys.readouterr().out
    assert {one.name for one in tmp_path.iterdir()} == {"fairness-mixes.md", "fairness-speeds.md"}
    assert main(["fairness", "--minutes", "1"]) == 2
    assert "--minutes belongs to the bench `engine`, not to `fairness`." in capsys.readouterr().err


def test_a_part_or_a_size_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no part nothing; there is mixes"):
        fairness.measure(frozenset({"nothing"}))
    with pytest.raises(ValueError, match="fewer than 100"):
        fairness.measure(jobs=10)
