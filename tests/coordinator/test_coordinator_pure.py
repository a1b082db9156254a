"""The pure parts: visible text, roster rules, policy files, rates, sealing, audit draw, results."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.coordinator.door.rates import Rate
from console.coordinator.jobs.results import chunk_fits, public_code
from console.coordinator.jobs.stops import VisibleText
from console.coordinator.rosters.rosters import Candidate, Rules, exclusion, roster_ids
from console.coordinator.sealing import SealError, Secrets
from console.coordinator.settings_file import load_config
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.messages import Chunk
from console.protocol.reasons import reason
from console.protocol.types import USUAL_POLICY, ModelOffer, Policy
from console.settings.config import ConfigError

PIECES = [b"", *(bytes([b]) for b in range(256))]
OFFER = ModelOffer(GroupId("00" * 32), "toy", "p", 2048, 5000, 1)
GOOD = Candidate(NodeId("aa" * 32), OFFER, True, True, "earning", 0, None)
RULES = Rules(Policy(), "p", 100)


def ids_of(text: str) -> tuple[int, ...]:
    return tuple(1 + b for b in text.encode())


@given(
    st.text("abXé", max_size=30),
    st.lists(st.text("abX", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(1, 5), max_size=40),
)
def test_streamed_text_is_the_text_up_to_the_first_stop(text: str, stop: list[str], cuts: list[int]) -> None:
    visible = VisibleText(PIECES, frozenset({0}), tuple(stop))
    ids, shown, at = ids_of(text), "", 0
    for size in cuts:
        shown += visible.feed(ids[at : at + size])
        at += size
        assert not any(s in shown for s in stop)
    shown += visible.feed((*ids[at:], 0), final=True)
    places = [text.find(s) for s in stop if s in text]
    assert shown == (text[: min(places)] if places else text) or (
        # pieces that come one by one end at the stop string that is *completed* first
        any(shown + s == text[: len(shown) + len(s)] for s in stop)
    )


def test_nothing_that_may_be_a_stop_string_is_shown_early() -> None:
    visible = VisibleText(PIECES, frozenset({0}), ("END",))
    assert visible.feed(ids_of("a E")) == "a "
    assert visible.feed(ids_of("N")) == ""
    assert visible.feed(ids_of("x")) == "ENx"
    assert visible.feed(ids_of("EN")) == ""
    assert visible.feed((), final=True) == "EN"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"alive": False}, "heartbeat"),
        ({"ready": False, "reason": "nonsense"}, "ready"),
        ({"offer": None}, "model"),
        ({"offer": msgspec.structs.replace(OFFER, profile="q")}, "profile"),
        ({"offer": msgspec.structs.replace(OFFER, milli_tokens_per_s=999)}, "speed"),
        ({"offer": msgspec.structs.replace(OFFER, context=99)}, "context"),
    ],
)
def test_each_rule_is_named(change: dict[str, object], rule: str) -> None:
    why = exclusion(msgspec.structs.replace(GOOD, **change), RULES)
    assert why is not None
    assert (why.code, why.evidence) == ("not_in_roster", rule)
    assert why.sentence and why.remedy


def test_the_roster_is_sorted_and_keeps_the_nodes_own_reason() -> None:
    other = msgspec.structs.replace(GOOD, node=NodeId("0a" * 32))
    paused = msgspec.structs.replace(GOOD, node=NodeId("bb" * 32), ready=False, reason="paused")
    full = msgspec.structs.replace(GOOD, node=NodeId("cc" * 32), open_jobs=8)
    out = msgspec.structs.replace(GOOD, node=NodeId("dd" * 32), suspended=reason("suspended"))
    listed = roster_ids([GOOD, paused, other, full, out], RULES)
    assert listed == (other.node, GOOD.node, full.node), "a queue may empty within the slot"
    codes = [r.code for n in (paused, full, out) if (r := exclusion(n, RULES)) is not None]
    assert codes == ["paused", "queue_full", "suspended"]
    assert exclusion(GOOD, Rules(Policy(), "")).evidence == "reference"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "not valid TOML"),
        ("[policy]\nclient_rat = 1", "client_rat"),
        ("[policy]\nclient_rate = 'much'", "client_rate"),
        ("[policy]\nnode_rate = 701", "lose money"),
        ("[policy]\nepoch_s = 0", "epoch_s"),
        ("[policy]\naudit_ppm = -1", "negative"),
        ("[policy]\nholdback_percent = 101", "holdback_percent"),
        ("[practise]\nopen = true", "practise"),
        ("[limits]\nack = 1", "ack"),
        ("[clients.ann]\ndeposit = 1", "ann. has no key"),
        ("[clients.ann]\nkey_sha256 = 'qd-secret'", "not 64 hex"),
        (f"[clients.ann]\nkey_sha256 = '{'0a' * 32}'\n[clients.bob]\nkey_sha256 = '{'0A' * 32}'", "twice"),
        (f"[clients.ann]\nkey_sha256 = '{'0a' * 32}'\nspending = {{ per_day = -1 }}", "below 0"),
        (f"[clients.ann]\nkey_sha256 = '{'0a' * 32}'\nspending = {{ per_hour = 1 }}", "per_hour"),
    ],
)
def test_policies_that_cannot_be_used_are_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(path)
    assert str(path) in str(caught.value)


def test_a_policy_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        'network = "n"\n[policy]\nclient_rate = 900\n[practice]\nopen = true\nclient_deposit = 5\n'
        f'[practice.bonds]\n{"aa" * 32} = 7\n[clients.ann]\nkey_sha256 = "{"00" * 32}"\n'
    )
    config = load_config(path)
    assert (config.policy.client_rate, config.practice.bonds) == (900, {"aa" * 32: 7})
    assert load_config(None).policy == USUAL_POLICY
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "missing")


def test_rates_allow_bursts_and_refill() -> None:
    rate = Rate(10, 0)
    assert all(rate.take(1, 0) for _ in range(20))
    assert not rate.take(1, 0)
    assert rate.take(1, 0.1)
    assert not rate.take(1, 0.1)


def test_what_is_sealed_opens_with_its_key_and_name_only() -> None:
    ours = Secrets(bytes(32))
    sealed = ours.seal("a", b"plain", secrets.token_bytes(12))
    assert b"plain" not in sealed
    assert ours.unseal("a", sealed) == b"plain"
    for keys, name, data in [
        (ours, "b", sealed),
        (Secrets(b"x" * 32), "a", sealed),
        (ours, "a", sealed[:-1]),
        (ours, "a", b""),
    ]:
        with pytest.raises(SealError):
            keys.unseal(name, data)


def test_the_audit_draw_follows_its_rate_and_its_key() -> None:
    ours, other = Secrets(bytes(32)), Secrets(b"x" * 32)
    names = [f"{i:032x}" for i in range(4000)]
    hits = [n for n in names if ours.audited(n, 1, 100_000)]
    assert 300 < len(hits) < 500
    assert hits != [n for n in names if other.audited(n, 1, 100_000)]
    assert all(ours.audited(n, 1, 1_000_000) for n in names)
    assert not any(ours.audited(n, 1, 0) for n in names)


@pytest.mark.parametrize(
    ("start", "ids", "fits"),
    [
        (2, (1, 2), True),
        (1, (1,), False),
        (3, (1,), True),
        (9, (1, 2), False),
        (2, (), False),
        (2, (10,), False),
        (2, (-1,), False),
        (2, (1,) * 9, False),
    ],
)
def test_chunks_go_on_where_the_last_one_ended_or_later(start: int, ids: tuple[int, ...], fits: bool) -> None:
    assert chunk_fits(Chunk(JobId("j"), 1, 1, start, ids), [5, 6], 10, 10) is fits


def test_codes_of_peers_are_kept_only_when_known() -> None:
    assert public_code("decode_failed") == "decode_failed"
    assert public_code("my prompt was: attack at dawn") == "other"
