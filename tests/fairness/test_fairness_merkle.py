"""The trees against an independent definition of RFC 6962; only true paths may lead to the root."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fairness.merkle import MerkleTree, root_from_path


def rfc6962_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, recursively as written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = rfc6962_root(leaves[:split]), rfc6962_root(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


leaves = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


@given(leaves)
def test_root_is_rfc_6962s(items: list[bytes]) -> None:
    assert MerkleTree(items).root == rfc6962_root(items)


@given(leaves, st.data())
def test_every_path_leads_to_the_root(items: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(items)
    index = data.draw(st.integers(0, len(items) - 1))
    assert root_from_path(items[index], index, len(items), tree.path(index)) == tree.root


@given(leaves, st.data())
def test_another_leaf_does_not(items: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(items)
    index = data.draw(st.integers(0, len(items) - 1))
    assert root_from_path(items[index] + b"!", index, len(items), tree.path(index)) != tree.root


@given(leaves, st.data())
def test_paths_of_a_wrong_length_are_refused(items: list[bytes], data: st.DataObject) -> None:
    tree = MerkleTree(items)
    index = data.draw(st.integers(0, len(items) - 1))
    path = tree.path(index)
    assert root_from_path(items[index], index, len(items), (*path, b"\0" * 32)) is None
    if path:
        assert root_from_path(items[index], index, len(items), path[:-1]) is None


def test_bounds() -> None:
    with pytest.raises(ValueError, match="leaf"):
        MerkleTree([])
    tree = MerkleTree([b"a", b"b"])
    with pytest.raises(IndexError):
        tree.path(2)
    assert root_from_path(b"a", 2, 2, tree.path(0)) is None
