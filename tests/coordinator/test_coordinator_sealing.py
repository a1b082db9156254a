"""Evidence is opened by its parties, and by nobody else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from console.coordinator.sealing import SealError, Secrets, open_as, seal_to
from console.protocol.keys import SigningKey, sealing_public

seeds = st.binary(min_size=32, max_size=32)
CURVE_ORDER_2 = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
"""y = −1: a point of order 2, whose Montgomery form is 0, with which nothing can be agreed."""
IDENTITY = "01" + "00" * 31
"""y = 1: the neutral point, which has no Montgomery form."""


@given(seeds)
def test_the_public_key_to_seal_to_belongs_to_the_identity(seed: bytes) -> None:
    key = SigningKey(seed)
    private = X25519PrivateKey.from_private_bytes(key.sealing_private())
    assert private.public_key().public_bytes_raw() == sealing_public(key.node_id)


@settings(max_examples=25)
@given(seeds, seeds, st.binary(max_size=200), seeds)
def test_each_party_opens_it_and_strangers_and_other_names_do_not(
    one: bytes, other: bytes, plain: bytes, fresh: bytes
) -> None:
    parties = SigningKey(one), SigningKey(other)
    sealed = seal_to(tuple(p.node_id for p in parties), "evidence:a", plain, fresh)
    assert {open_as(party, "evidence:a", sealed) for party in parties} == {plain}
    assert plain == b"" or len(plain) < 8 or plain not in sealed
    stranger = SigningKey(bytes(a ^ 0xFF for a in one))
    if stranger.node_id not in {p.node_id for p in parties}:
        with pytest.raises(SealError):
            open_as(stranger, "evidence:a", sealed)
    with pytest.raises(SealError):
        open_as(parties[0], "evidence:b", sealed)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed_by_whom_it_concerns(where: int, change: int) -> None:
    party = SigningKey(bytes(32))
    sealed = bytearray(seal_to((party.node_id,), "evidence:a", b"what was answered", b"k" * 32))
    sealed[where % len(sealed)] ^= change
    with pytest.raises(SealError):
        open_as(party, "evidence:a", bytes(sealed))


@pytest.mark.parametrize("odd", [CURVE_ORDER_2, IDENTITY, "ff" * 32, "00" * 32, "no hex", ""])
def test_a_party_with_an_odd_key_keeps_nobody_else_from_opening(odd: str) -> None:
    coordinator = SigningKey(bytes(32))
    sealed = seal_to((coordinator.node_id, odd), "evidence:a", b"plain", b"k" * 32)
    assert open_as(coordinator, "evidence:a", sealed) == b"plain"


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 100])
def test_what_is_no_envelope_does_not_open(data: bytes) -> None:
    with pytest.raises(SealError):
        open_as(SigningKey(bytes(32)), "evidence:a", data)


@given(st.integers(1, 2000), st.integers(1, 128))
def test_windows_lie_within_the_answer_and_pay_for_about_so_many_positions(
    tokens: int, positions: int
) -> None:
    windows = Secrets(bytes(32)).windows("ab" * 16, 1, tokens, positions)
    if tokens <= positions:
        assert windows == ()
    elif windows:
        assert sum(windows[-1]) <= tokens
        assert 0 < sum(length for _, length in windows) <= max(16, positions)
