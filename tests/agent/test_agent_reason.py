"""Exactly one reason at any time, by the published order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.agent.draws import Draws, followed
from console.agent.reason import OWN_CODES, Facts, current, resting
from console.control.network import NetworkView
from console.control.state import EngineView, Switches
from console.protocol.messages import Refused
from console.protocol.reasons import CODES, reason

NOW = 1_000_000_000
GOOD = Facts(
    now_ms=NOW,
    engine=EngineView(state="ready"),
    network=NetworkView(state="connected", coordinator="ws://x", listed=True),
    disk_free_bytes=10**10,
)

TROUBLES: list[tuple[str, dict[str, object]]] = [
    ("paused", {"switches": Switches(paused=True, by="ada")}),
    ("suspended", {"refused": Refused("suspended", "Three rejections.", "Wait.", NOW + 5)}),
    ("disk_full", {"disk_free_bytes": 199_999_999}),
    ("gpu_lost", {"gpu_lost": True}),
    ("engine_down", {"engine": EngineView(state="waiting", sentence="It crashed.", next_try_ms=NOW + 9)}),
    ("coordinator_down", {"network": NetworkView(state="connecting", sentence="refused", coordinator="w")}),
    ("not_in_roster", {"network_reason": reason("not_in_roster", sentence="Too slow.")}),
    ("queue_full", {"waiting": 7, "running": 1}),
    ("earning", {"last_accepted_ms": NOW - 59_000}),
    ("lost_draws", {"draws": Draws(12, 1, 1000, 900, 5, 400, NOW - 1000)}),
]
"""In falling order of precedence."""


def test_nothing_special_is_no_demand() -> None:
    assert current(GOOD).code == "no_demand"


@pytest.mark.parametrize("index", range(len(TROUBLES)))
def test_the_first_trouble_in_order_is_the_reason(index: int) -> None:
    code, _ = TROUBLES[index]
    alone = msgspec.structs.replace(GOOD, **TROUBLES[index][1])
    assert current(alone).code == code
    both = GOOD
    for _, change in reversed(TROUBLES[index:]):
        both = msgspec.structs.replace(both, **change)
    assert current(both).code == code


@given(
    st.lists(st.sampled_from(TROUBLES), max_size=6),
    st.sampled_from(["stopped", "starting", "loading", "probing", "ready", "waiting", "failed"]),
    st.sampled_from(["offline", "connecting", "connected", "refused"]),
)
def test_there_is_always_one_known_reason_with_a_sentence(
    troubles: list[tuple[str, dict[str, object]]], engine: str, network: str
) -> None:
    facts = msgspec.structs.replace(
        GOOD,
        engine=EngineView(state=engine, sentence="words"),  # type: ignore[arg-type]
        network=NetworkView(state=network, coordinator="ws://x"),  # type: ignore[arg-type]
    )
    for _, change in troubles:
        facts = msgspec.structs.replace(facts, **change)
    found = current(facts)
    assert found.code in CODES
    assert found.sentence


def test_sentences_say_what_the_operator_asks() -> None:
    said = {code: current(msgspec.structs.replace(GOOD, **change)) for code, change in TROUBLES}
    assert "ada" in said["paused"].sentence
    assert said["suspended"].until_ms == NOW + 5
    assert said["engine_down"].until_ms == NOW + 9
    assert "costs you nothing" in said["coordinator_down"].sentence
    assert "5 draws since your last win" in said["lost_draws"].sentence
    assert "1 won of 12, expected 1.0" in said["lost_draws"].sentence


def test_earning_only_while_answers_are_accepted_or_run() -> None:
    stale = msgspec.structs.replace(GOOD, last_accepted_ms=NOW - 61_000)
    assert current(stale).code == "no_demand"
    assert current(msgspec.structs.replace(GOOD, running=1)).code == "earning"


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_draws_since_the_last_win_are_counted(beats: list[tuple[int, bool]]) -> None:
    draws, seen, won, since = Draws(), 0, 0, 0
    for new, win in beats:
        wins = int(win and new > 0)
        seen, won = seen + new, won + wins
        since = 0 if wins else since + new
        view = NetworkView(draws=seen, won=won, expected_milli=seen * 100, variance_milli=seen * 90)
        draws = followed(draws, view, NOW)
        assert (draws.draws, draws.won, draws.since_win) == (seen, won, since)
        assert draws.expected_since_win_milli == since * 100


@pytest.mark.parametrize("code", sorted(OWN_CODES))
def test_an_echo_of_the_nodes_own_reason_keeps_nothing_down(code: str) -> None:
    """A killed engine came back, and the node rested for ever: it believed the network's echo."""
    echoed = msgspec.structs.replace(GOOD, network_reason=reason(code))
    assert resting(echoed) is None
    assert current(echoed).code == "no_demand"


@pytest.mark.parametrize(("code", "change"), TROUBLES)
def test_only_this_machines_reasons_make_it_rest(code: str, change: dict[str, object]) -> None:
    found = resting(msgspec.structs.replace(GOOD, **change))
    assert (found.code if found else None) == (code if code in OWN_CODES else None)


def test_a_sentence_of_the_network_ends_with_one_full_stop() -> None:
    waits = NetworkView(state="connecting", sentence="It waits for the model.", coordinator="ws://x")
    said = current(msgspec.structs.replace(GOOD, network=waits)).sentence
    assert ".." not in said and said.startswith("No connection: It waits for the model. Not")
