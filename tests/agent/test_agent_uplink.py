"""What the agent takes from the network: counts over all sessions, surroundings, nothing out of bounds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from console.agent.board import Board
from console.agent.surroundings import COUNT_LIMIT, bounded_reason, told_of
from console.agent.uplink import Uplink
from console.control.network import GroupView
from console.control.witnessed import KeptEvidence, Said
from console.network.dialler import Beat, Parted
from console.protocol.ids import GroupId, NodeId
from console.protocol.messages import (
    Challenge,
    EpochOpened,
    GroupNow,
    Presence,
    Refused,
    Surroundings,
    Welcome,
)
from console.protocol.reasons import Reason
from console.protocol.types import Balances, ModelOffer, Policy


class Purse:
    async def told(self, *_: object) -> None:
        return None


def session(policy: Policy = Policy()) -> Any:  # noqa: B008
    return SimpleNamespace(
        challenge=Challenge("00", NodeId("cd" * 32), "harbour", 1, policy),
        welcome=Welcome(cast(Any, "s"), 1, "ab" * 32, Balances(), 0, 0),
    )


def beat(draws: int, won: int) -> Beat:
    presence = Presence(1, GroupId("aa"), "bb", 4, True, None, draws, won, 250 * draws, 187 * draws, 0, 0, "")
    return Beat(presence, 3)


async def test_draws_of_all_sessions_are_counted() -> None:
    now = iter(range(1000, 2000))
    board = Board(lambda: next(now))
    uplink = Uplink("ws://x", "reef", "q/0", "m", board, cast(Any, Purse()), lambda: next(now))
    for draws, won in ((4, 1), (3, 0)):
        await uplink.connected(session())
        await uplink.heard(beat(draws - 1, 0))
        await uplink.heard(beat(draws, won))
    network = board.state.network
    assert (network.draws, network.won, network.expected_milli) == (7, 1, 1750)
    assert uplink.draws.since_win == 3


async def test_only_receipts_that_answer_a_heartbeat_are_evidence() -> None:
    board, seen = Board(lambda: 1), list[Presence]()
    uplink = Uplink("ws://x", "reef", "q/0", "m", board, cast(Any, Purse()), lambda: 1)

    async def saw(presence: Presence) -> None:
        seen.append(presence)

    uplink.on_presence = saw
    await uplink.connected(session())
    await uplink.heard(beat(1, 0))
    await uplink.heard(Beat(beat(2, 0).presence, None))
    assert seen == [beat(1, 0).presence]
    assert board.state.network.receipts == 2


def unlisted(code: str, sentence: str, evidence: str = "") -> Beat:
    why = Reason(code, sentence, "Wait.", until_ms=9_000, evidence=evidence)
    return Beat(msgspec.structs.replace(beat(0, 0).presence, listed=False, reason=why), 3)


async def test_what_the_network_holds_against_a_node_is_told_in_its_words() -> None:
    times = [1000]
    uplink, board = uplink_at(times)
    await uplink.connected(session())
    assert board.state.network.said is None
    await uplink.heard(unlisted("queue_full", "It is full.", "8 of 8"))
    times.append(3000)
    await uplink.heard(unlisted("queue_full", "It is full.", "9 of 8"))
    said = Said("queue_full", "It is full.", "Wait.", "9 of 8", 9_000, 1_000, signed=True)
    assert board.state.network.said == said, "since when is kept while it says the same"
    await uplink.heard(unlisted("suspended", "Three were rejected."))
    assert board.state.network.said is not None and board.state.network.said.since_ms == 3_000
    await uplink.heard(beat(1, 0))
    assert board.state.network.said is None, "it lists the node again"


async def test_a_refusal_is_the_networks_word_and_is_not_signed() -> None:
    uplink, board = uplink_at([1000])
    await uplink.connected(session())
    refused = Refused("suspended", "Three were rejected.", "Wait.", 9_000)
    await uplink.parted(Parted("refused", 5.0, refused))
    said = Said("suspended", "Three were rejected.", "Wait.", "", 9_000, 1_000)
    assert board.state.network.said == said
    await uplink.parted(Parted("the line broke", 1.0))
    assert board.state.network.said is None, "a line that breaks says nothing"


async def test_the_roots_that_a_node_holds_its_network_to_are_shown() -> None:
    uplink, board = uplink_at([1000])
    await uplink.connected(session())
    assert (board.state.network.seeds_root, board.state.network.roster_root) == ("ab" * 32, "")
    await uplink.heard(beat(1, 0))
    await uplink.heard(EpochOpened(2, "ef" * 32, Balances()))
    uplink.keeps(KeptEvidence(30, 7, 40, 2, 1, 2))
    network = board.state.network
    assert (network.seeds_root, network.roster_root) == ("ef" * 32, "bb")
    assert network.kept == KeptEvidence(30, 7, 40, 2, 1, 2)
    await uplink.heard(EpochOpened(3, "\x1b[2J" * 99, Balances()))
    assert "\x1b" not in board.state.network.seeds_root and len(board.state.network.seeds_root) <= 64


GROUP = GroupId("ab" * 32)
OFFER = ModelOffer(GROUP, "toy", "cd" * 32, 2048, 50_000, 5)
WILD = "\x1b[2J\u202e" + "x" * 100_000
integers = st.integers(-(10**400), 10**400)
texts = st.text(max_size=200) | st.just(WILD)


def uplink_at(times: list[int]) -> tuple[Uplink, Board]:
    """Its clock gives each of `times` for as long as it is the last."""
    board = Board(lambda: times[-1])
    return Uplink("ws://x", "reef", "q/0", "m", board, cast(Any, Purse()), lambda: times[-1]), board


async def test_surroundings_receipts_and_sign_ins_are_kept() -> None:
    times = [1000]
    uplink, board = uplink_at(times)
    await uplink.offer_model(OFFER)
    around = Surroundings(
        (GroupNow(GROUP, "toy", 5, 4, 3, 41), GroupNow(GroupId("ef"), "o", 1, 1, 0, 0)), 7, 9
    )
    first = beat(0, 0)
    told = Beat(msgspec.structs.replace(first.presence, around=around), 12)
    unlisted = Beat(msgspec.structs.replace(first.presence, listed=False, around=around), 15)
    await uplink.connected(session())
    await uplink.heard(told)
    times.append(5000)
    await uplink.heard(unlisted)
    await uplink.parted(Parted("the line broke", 1.0))
    await uplink.connected(session())
    network = board.state.network
    assert network.groups == (
        GroupView(GROUP, "toy", 5, 4, 3, 41, mine=True),
        GroupView(GroupId("ef"), "o", 1, 1, 0, 0),
    )
    assert (network.probation_left, network.audit_ppm) == (7, 9)
    assert (network.receipts, network.receipts_listed, network.receipt_ms) == (2, 1, 5000)
    assert (network.sessions, network.coordinator_key) == (2, "cd" * 32)
    assert network.latency_history == (12, 15)


async def test_the_context_is_that_of_the_model_signed_in_with() -> None:
    uplink, _ = uplink_at([1])
    assert uplink.context() == 0
    await uplink.offer_model(OFFER)
    await uplink.claim()
    await uplink.offer_model(msgspec.structs.replace(OFFER, context=8192))
    assert uplink.context() == 2048, "the network still knows the former one"
    await uplink.claim()
    assert uplink.context() == 8192


async def test_an_older_coordinator_leaves_surroundings_unknown() -> None:
    uplink, board = uplink_at([1])
    await uplink.connected(session())
    await uplink.heard(beat(3, 1))
    network = board.state.network
    assert (network.groups, network.probation_left, network.audit_ppm) == ((), None, None)
    assert network.receipts == 1


@settings(max_examples=40)
@given(
    st.lists(st.builds(GroupNow, texts, texts, integers, integers, integers, integers), max_size=5),
    integers | st.none(),
    integers | st.none(),
)
def test_whatever_a_coordinator_tells_comes_out_clean_and_bounded(
    groups: list[GroupNow], left: int | None, rate: int | None
) -> None:
    told = told_of(Surroundings(tuple(groups) * 20, left, rate), OFFER)
    assert len(told["groups"]) <= 32
    for group in told["groups"]:
        assert all(0 <= n <= COUNT_LIMIT for n in (group.nodes, group.listed, group.waiting))
        assert len(group.name) <= 60 and group.name.isprintable() and len(group.group) <= 64
    assert told["audit_ppm"] is None or 0 <= told["audit_ppm"] <= 1_000_000
    assert (told["probation_left"] is None) == (left is None)
    msgspec.json.encode(told["groups"])


async def test_figures_and_words_beyond_all_bounds_do_not_reach_the_clients() -> None:
    uplink, board = uplink_at([1])
    huge = 10**400
    await uplink.connected(session(Policy(*(huge for _ in msgspec.structs.fields(Policy)))))
    wild = Reason(WILD, WILD, WILD, -huge, huge, WILD)
    presence = Presence(huge, GroupId(WILD), WILD, -huge, False, wild, huge, huge, huge, huge, 0, 0, "")
    await uplink.heard(Beat(presence, 1))
    assert uplink.reason == bounded_reason(wild)
    assert uplink.reason is not None and uplink.reason.sentence.isprintable()
    await uplink.heard(Refused(WILD, WILD, WILD, huge))
    assert uplink.refused is not None and len(msgspec.json.encode(uplink.refused)) < 2000
    assert len(msgspec.json.encode(board.state)) < 10_000
    assert board.state.network.policy == Policy(*(COUNT_LIMIT for _ in msgspec.structs.fields(Policy)))
    assert board.state.network.roster_size == 0
