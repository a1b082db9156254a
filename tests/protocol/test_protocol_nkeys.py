"""nkeys, compared with the library of NATS' own."""

from __future__ import annotations

import nkeys
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey
from console.protocol.nkeys import account_nkey, node_of, user_nkey, user_seed_nkey

seeds = st.binary(min_size=32, max_size=32)


@given(seeds)
def test_they_are_what_the_library_makes_of_the_same_key(seed: bytes) -> None:
    node = SigningKey(seed).node_id
    theirs = nkeys.from_seed(bytearray(user_seed_nkey(seed).encode()))
    assert theirs.public_key.decode() == user_nkey(node)
    account = nkeys.from_seed(bytearray(nkeys.encode_seed(seed, nkeys.PREFIX_BYTE_ACCOUNT)))
    assert account.public_key.decode() == account_nkey(node)
    assert node_of(user_nkey(node)) == node


@given(seeds, st.integers(0, 55), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_damaged_one_is_refused(seed: bytes, at: int, letter: str) -> None:
    whole = user_nkey(SigningKey(seed).node_id)
    damaged = whole[:at] + letter + whole[at + 1 :]
    if damaged != whole:
        with pytest.raises(ValueError, match="damaged"):
            node_of(damaged)


@pytest.mark.parametrize("text", ["", "U", "ü" * 56, account_nkey(NodeId("ab" * 32)), "A" * 1000], ids=len)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="damaged"):
        node_of(text)
